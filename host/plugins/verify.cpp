#include "plugins/verify.h"

#include <algorithm>

#include "base/files.h"
#include "plugins/elf_needed.h"
#include "plugins/loader.h"

namespace vhost {
namespace {

namespace fs = std::filesystem;

// "libfoo.so.1" has one, "libfoo.so" has none.
bool has_version(const std::string& soname) {
  const size_t at = soname.find(".so.");
  return at != std::string::npos && at + 4 < soname.size() && soname[at + 4] >= '0' && soname[at + 4] <= '9';
}

bool is_library(const std::string& path) {
  const std::string name = fs::path(path).filename();
  return name.ends_with(".so") || name.find(".so.") != std::string::npos;
}

void check_needed(const std::string& file, const ElfDynamic& dynamic) {
  for (const std::string& needed : dynamic.needed) {
    if (needed.find('/') != std::string::npos)
      throw Error(file + ": needs the library " + quote(needed) + " by its path; link it by its name");
    if (!has_version(needed))
      throw Error(file + ": needs " + quote(needed) +
                  ", a name without a version, for which another plugin's library can be taken; link it statically");
  }
}

}  // namespace

Package read_small_package(const fs::path& folder) {
  std::error_code error;
  const uint64_t size = fs::file_size(folder / "plugin.json", error);
  if (!error && size > kMaxPluginJson)
    throw Error((folder / "plugin.json").string() + ": has " + std::to_string(size) + " bytes, at most " +
                std::to_string(kMaxPluginJson) + " are read");
  return read_package(folder);
}

void check_private_libraries(const Package& package, const std::vector<PackageFile>& files) {
  for (const PackageFile& file : files) {
    if (!is_library(file.path)) continue;
    const fs::path path = package.folder / file.path;
    const ElfDynamic dynamic = parse_elf_dynamic(read_file(path), path.string());
    const bool own = path == package.library;
    if (!own && !has_version(dynamic.soname))
      throw Error(path.string() + ": is a private library with the soname " + quote(dynamic.soname) +
                  ", which has no version, so that another plugin's can be taken for it; link it statically into " +
                  package.library.filename().string());
    check_needed(path.string(), dynamic);
  }
}

Verdict verify_package(const Package& package) {
  Verdict verdict;
  std::error_code error;
  verdict.has_checksums = fs::exists(package.folder / kChecksums, error);
  const auto collect = [&](auto&& check) {
    try {
      check();
    } catch (const Error& problem) {
      verdict.faults.push_back(problem.what());
    }
  };
  collect([&] { check_library(package); });
  if (!verdict.has_checksums) return verdict;
  collect([&] {
    const fs::path list = package.folder / kChecksums;
    const auto differences = compare_files(parse_checksums(read_file(list), list.string()), list_files(package.folder));
    for (const std::string& difference : differences)
      verdict.faults.push_back(package.folder.string() + ": " + difference);
  });
  return verdict;
}

}  // namespace vhost
