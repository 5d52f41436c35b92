#include "cli/input_files.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/error.h"
#include "base/files.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

constexpr int kDeepest = 32;  // so that a link to a folder above ends
constexpr const char* kBlank = " \t\r";

bool has_extension(const fs::path& file, const std::vector<std::string>& extensions) {
  std::string own = file.extension().string();
  std::ranges::transform(own, own.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return !own.empty() && std::ranges::find(extensions, own.substr(1)) != extensions.end();
}

void add_folder(const fs::path& folder, const std::vector<std::string>& extensions, int depth,
                std::vector<std::string>& files) {
  if (depth > kDeepest) throw Error(folder.string() + ": nested more than 32 deep; does a link point upwards?");
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder))
    if (!entry.path().filename().native().starts_with('.')) entries.push_back(entry.path());
  std::ranges::sort(entries);
  for (const fs::path& entry : entries) {
    if (fs::is_directory(entry))
      add_folder(entry, extensions, depth + 1, files);
    else if (has_extension(entry, extensions))
      files.push_back(entry.string());
  }
}

void add_files_of(const std::string& folder, const std::vector<std::string>& extensions,
                  std::vector<std::string>& files) try {
  const size_t before = files.size();
  add_folder(folder, extensions, 0, files);
  if (files.size() > before) return;
  std::string known;
  for (const std::string& extension : extensions) known += (known.empty() ? "" : ", ") + extension;
  throw Error(folder + ": holds no file that the dataset reads: " + known);
} catch (const fs::filesystem_error& error) {
  throw Error(error.path1().string() + ": can't be read: " + error.code().message());
}

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(kBlank);
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

bool is_integer(const std::string& text) {
  const std::string digits = text.starts_with('-') ? text.substr(1) : text;
  return !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos;
}

fs::path below(const fs::path& folder, const std::string& name) {
  return fs::path(name).is_absolute() ? fs::path(name) : folder / name;
}

std::string without_label(const std::string& line, const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(below(folder, line), ignored)) return line;
  for (const char separator : {'\t', ',', ' '}) {
    const size_t at = line.rfind(separator);
    if (at == std::string::npos || !is_integer(trimmed(line.substr(at + 1)))) continue;
    const std::string path = trimmed(line.substr(0, at));
    if (!path.empty()) return path;
  }
  return line;
}

void add_listed(const std::string& list, std::vector<std::string>& files) {
  const fs::path folder = fs::path(list).parent_path();
  std::string text = read_file(list);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  if (text.find('\0') != std::string::npos) throw Error("--list " + list + ": is no text file");
  const size_t before = files.size();
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line = trimmed(line); !line.empty() && line[0] != '#')
      files.push_back(below(folder, without_label(line, folder)).string());
  if (files.size() == before) throw Error("--list " + list + ": names no file");
}

}  // namespace

std::vector<std::string> input_files(const std::vector<std::string>& named, const std::string& list,
                                     const std::vector<std::string>& extensions) {
  std::vector<std::string> files;
  for (const std::string& name : named) {
    std::error_code ignored;
    if (!fs::exists(name, ignored)) throw Error(name + ": no such file or folder");
    const std::string extension = fs::path(name).extension().string();
    if (extensions.empty() || has_extension(name, extensions))
      files.push_back(name);
    else if (fs::is_directory(name, ignored))
      add_files_of(name, extensions, files);
    else if (extension == ".txt" || extension == ".csv")
      throw Error(name + ": is it a list of files? Then give it with --list " + name);
    else
      files.push_back(name);
  }
  if (list.empty()) return files;
  std::error_code ignored;
  if (!fs::is_regular_file(list, ignored)) throw Error("--list " + list + ": no such file");
  add_listed(list, files);
  return files;
}

}  // namespace vhost
