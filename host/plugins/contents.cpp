#include "plugins/contents.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace vhost {
namespace {

namespace fs = std::filesystem;

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

bool is_portable(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-' || c == '+';
}

void check_name(std::string_view name, std::string_view path, const std::string& where) {
  const auto refuse = [&](const std::string& why) { throw Error(where + ": the path " + quote(path) + " " + why); };
  if (name.empty()) refuse("has an empty part; absolute paths and double slashes aren't allowed");
  if (name == "." || name == "..") refuse("has the part \"" + std::string(name) + "\", which could lead elsewhere");
  for (const char c : name)
    if (!is_portable(c))
      refuse("isn't portable: a-z, A-Z, 0-9, \".\", \"_\", \"-\" and \"+\" are allowed in a name; rename the file");
  if (name.front() == '.') refuse("is hidden: a package holds no names that begin with a dot; remove the file");
  if (name.front() == '-') refuse("isn't portable: a name may not begin with a hyphen; rename the file");
  if (name.back() == '.') refuse("isn't portable: a name may not end with a dot; rename the file");
}

PackageFile describe(const fs::directory_entry& entry, const fs::path& folder, Names& names, const std::string& where) {
  const std::string path = entry.path().lexically_relative(folder).generic_string();
  const auto refuse = [&](const std::string& why) { throw Error(where + ": " + quote(path) + " is " + why); };
  if (entry.is_symlink()) refuse("a link: a package holds regular files and folders only; put the file itself there");
  if (!entry.is_directory() && !entry.is_regular_file())
    refuse("no regular file: a package holds regular files and folders only; remove it");
  names.add(path, entry.is_directory(), where);
  if (entry.is_directory() || path == kChecksums) return {};
  return {path, entry.file_size(), sha256_file(entry.path())};
}

}  // namespace

void Names::add(std::string_view path, bool is_folder, const std::string& where) {
  if (path.size() > kMaxPath)
    throw Error(where + ": the path " + quote(path) + " has " + std::to_string(path.size()) + " characters, at most " +
                std::to_string(kMaxPath) + " are allowed");
  size_t depth = 0;
  for (size_t from = 0; from <= path.size(); ++depth) {
    const size_t end = std::min(path.find('/', from), path.size());
    check_name(path.substr(from, end - from), path, where);
    const bool last = end == path.size();
    if (!last) add_part(std::string(path.substr(0, end)), /*is_folder=*/true, /*is_listed=*/false, where);
    from = end + 1;
  }
  if (depth > kMaxDepth)
    throw Error(where + ": the path " + quote(path) + " is " + std::to_string(depth) + " folders deep, at most " +
                std::to_string(kMaxDepth) + " are allowed");
  add_part(std::string(path), is_folder, /*is_listed=*/true, where);
}

void Names::add_part(const std::string& path, bool is_folder, bool is_listed, const std::string& where) {
  const auto [place, is_new] = known_.try_emplace(lower(path), Known{path, is_folder, is_listed});
  if (is_new) return;
  Known& known = place->second;
  if (known.path != path)
    throw Error(where + ": " + quote(known.path) + " and " + quote(path) +
                " differ only in upper and lower case, which some file systems take for one; rename one of them");
  if (!known.is_folder || !is_folder) throw Error(where + ": " + quote(path) + " is there twice");
  if (known.is_listed && is_listed) throw Error(where + ": the folder " + quote(path) + " is there twice");
  known.is_listed = known.is_listed || is_listed;
}

std::vector<PackageFile> list_files(const fs::path& folder) {
  std::vector<PackageFile> files;
  Names names;
  const std::string where = folder.string();
  try {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      PackageFile file = describe(entry, folder, names, where);
      if (!file.path.empty()) files.push_back(std::move(file));
      if (files.size() > kMaxFiles)
        throw Error(where + ": has more than " + std::to_string(kMaxFiles) + " files, too many for a package");
    }
  } catch (const fs::filesystem_error& error) {
    throw Error("can't read " + where + ": " + error.code().message());
  }
  std::ranges::sort(files, {}, &PackageFile::path);
  return files;
}

std::string checksums_text(const std::vector<PackageFile>& files) {
  std::string text;
  for (const PackageFile& file : files) text += file.sha256 + "  " + file.path + "\n";
  return text;
}

std::map<std::string, std::string> parse_checksums(std::string_view text, const std::string& file) {
  std::map<std::string, std::string> listed;
  Names names;
  for (size_t line = 1; !text.empty(); ++line) {
    const std::string where = file + ":" + std::to_string(line);
    const size_t end = text.find('\n');
    const std::string_view row = text.substr(0, end);
    const std::string_view sha256 = row.substr(0, std::min<size_t>(64, row.size()));
    if (end == std::string_view::npos || row.size() < 67 || row.substr(64, 2) != "  " ||
        sha256.find_first_not_of("0123456789abcdef") != std::string_view::npos)
      throw Error(where + ": \"<sha256>  <path>\" is wanted, not " + quote(row));
    const std::string path(row.substr(66));
    names.add(path, /*is_folder=*/false, where);
    if (listed.size() == kMaxFiles) throw Error(where + ": more than " + std::to_string(kMaxFiles) + " files");
    listed.emplace(path, sha256);
    text.remove_prefix(end + 1);
  }
  return listed;
}

std::vector<std::string> compare_files(const std::map<std::string, std::string>& listed,
                                       const std::vector<PackageFile>& files) {
  std::vector<std::string> differences;
  std::map<std::string, std::string> missing = listed;
  for (const PackageFile& file : files) {
    const auto place = listed.find(file.path);
    missing.erase(file.path);
    if (place == listed.end())
      differences.push_back(quote(file.path) + " isn't listed in " + kChecksums);
    else if (place->second != file.sha256)
      differences.push_back(quote(file.path) + " is changed: its sha256 is " + file.sha256 + ", " + kChecksums +
                            " says " + place->second);
  }
  for (const auto& [path, sha256] : missing) differences.push_back(quote(path) + " is missing");
  return differences;
}

}  // namespace vhost
