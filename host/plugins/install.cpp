#include "plugins/install.h"

#include <cstdlib>

#include "base/files.h"
#include "plugins/loader.h"
#include "plugins/store.h"
#include "plugins/verify.h"

namespace vhost {
namespace {

namespace fs = std::filesystem;

// <name>/<version> of what was unpacked.
using Root = std::string;

Root root_of(const std::string& path, const std::string& file) {
  const size_t first = path.find('/'), second = first == std::string::npos ? first : path.find('/', first + 1);
  if (second == std::string::npos)
    throw Error(file + ": " + quote(path) + " lies outside of <name>/<version>/, where all files of a package are");
  return path.substr(0, second);
}

void check_inside(const Root& root, const ArchiveEntry& entry, const std::string& file) {
  const bool inside =
      entry.path.starts_with(root + "/") || (entry.is_folder && (root + "/").starts_with(entry.path + "/"));
  if (!inside)
    throw Error(file + ": holds " + quote(root) + " and also " + quote(entry.path) + ": one package is wanted");
}

Root unpack_archive(const fs::path& archive, const fs::path& to, const ArchiveLimits& limits) {
  ArchiveReader reader(archive, limits);
  Root root;
  std::vector<ArchiveEntry> folders;
  while (const auto entry = reader.next()) {
    if (entry->is_folder) {
      folders.push_back(*entry);
      continue;
    }
    if (root.empty()) root = root_of(entry->path, archive.string());
    check_inside(root, *entry, archive.string());
    NewFile file(to, entry->path);
    reader.read([&](std::string_view bytes) { file.write(bytes); });
    file.finish();
  }
  if (root.empty()) throw Error(archive.string() + ": holds no file");
  for (const ArchiveEntry& folder : folders) check_inside(root, folder, archive.string());
  return root;
}

void copy_file(const fs::path& from, const fs::path& to, const Root& root, const PackageFile& file) {
  const std::string bytes = read_file(from / file.path);
  if (sha256_hex(bytes) != file.sha256) throw Error((from / file.path).string() + ": was changed while it was read");
  NewFile copy(to, root + "/" + file.path);
  copy.write(bytes);
  copy.finish();
}

// A folder as the build leaves it has no checksums.txt: it is written.
Root copy_folder(const fs::path& folder, const fs::path& to, const ArchiveLimits& limits) {
  const Package package = read_small_package(folder);
  const std::vector<PackageFile> files = list_files(folder);
  const Root root = package.name + "/" + package.version;
  uint64_t total = 0;
  for (const PackageFile& file : files) total += file.size;
  if (total > limits.unpacked)
    throw Error(folder.string() + ": holds " + std::to_string(total) + " bytes, more than " +
                std::to_string(limits.unpacked) + "; --max-size raises the limit");
  const fs::path list = folder / kChecksums;
  if (fs::exists(list)) {
    const auto differences = compare_files(parse_checksums(read_file(list), list.string()), files);
    if (!differences.empty()) throw Error(folder.string() + ": " + differences.front());
  }
  for (const PackageFile& file : files) copy_file(folder, to, root, file);
  NewFile checksums(to, root + "/" + kChecksums);
  checksums.write(checksums_text(files));
  checksums.finish();
  return root;
}

Package check_unpacked(const fs::path& hidden, const Root& root) {
  const fs::path folder = hidden / root;
  std::error_code error;
  if (!fs::exists(folder / "plugin.json", error)) throw Error(folder.string() + ": has no plugin.json");
  if (!fs::exists(folder / kChecksums, error))
    throw Error(folder.string() + ": has no " + kChecksums + "; make the archive with vhost plugin pack");
  if (fs::file_size(folder / kChecksums) > kMaxPluginJson)
    throw Error((folder / kChecksums).string() + ": is larger than " + std::to_string(kMaxPluginJson) + " bytes");
  const Package package = read_small_package(folder);
  if (package.name + "/" + package.version != root)
    throw Error((folder / "plugin.json").string() + ": is of " + package.name + " " + package.version +
                ", its folder says " + root);
  const Verdict verdict = verify_package(package);
  if (!verdict.faults.empty()) throw Error(verdict.faults.front());
  check_private_libraries(package, list_files(folder));
  return package;
}

// Messages name the source, not the hidden folder that nobody will find.
Error naming(const Error& error, const fs::path& hidden, const fs::path& source) {
  std::string text = error.what();
  for (size_t at; (at = text.find(hidden.string())) != std::string::npos;)
    text.replace(at, hidden.string().size(), source.string());
  return Error(text.find(source.string()) == std::string::npos ? source.string() + ": " + text : text);
}

bool is_same(const fs::path& installed, const fs::path& unpacked) {
  try {
    return read_file(installed / kChecksums) == read_file(unpacked / kChecksums) &&
           verify_package(read_small_package(installed)).faults.empty();
  } catch (const Error&) {
    return false;
  }
}

Installed place(Store& store, const fs::path& hidden, Package package, const Root& root, bool force) {
  const fs::path target = store.path() / root;
  const auto now_there = [&] {
    package.library = target / package.library.filename();
    package.folder = target;
  };
  if (fs::exists(fs::symlink_status(target))) {
    if (is_same(target, hidden / root)) {
      now_there();
      return {std::move(package), Installed::kSame};
    }
    if (!force)
      throw Error(package.name + " " + package.version + " is already installed in " + target.string() +
                  " with other content; --force replaces it");
  }
  sync_folders(hidden);
  const Store::Placed placed = store.place(hidden / root, package.name, package.version, force);
  now_there();
  return {std::move(package), placed == Store::Placed::kNew ? Installed::kNew : Installed::kReplaced};
}

}  // namespace

Installed install_package(const InstallRequest& request) {
  std::error_code error;
  if (!fs::exists(request.source, error)) throw Error(request.source.string() + ": there is no such file or folder");
  Store store(request.destination);
  const fs::path hidden = store.make_hidden();
  const bool is_folder = fs::is_directory(request.source);
  try {
    const Root root = is_folder ? copy_folder(request.source, hidden, request.limits)
                                : unpack_archive(request.source, hidden, request.limits);
    return place(store, hidden, check_unpacked(hidden, root), root, request.force);
  } catch (const Error& problem) {
    throw naming(problem, hidden, request.source);
  } catch (const fs::filesystem_error& problem) {
    throw Error(request.source.string() + ": " + problem.what());
  }
}

fs::path default_install_folder() {
  const char *data = std::getenv("XDG_DATA_HOME"), *home = std::getenv("HOME");
  if (data && *data == '/') return fs::path(data) / "vhost" / "plugins";
  if (home && *home == '/') return fs::path(home) / ".local" / "share" / "vhost" / "plugins";
  throw Error("there is no HOME or XDG_DATA_HOME: say where to install with --to FOLDER");
}

}  // namespace vhost
