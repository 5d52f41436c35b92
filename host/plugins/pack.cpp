#include "plugins/pack.h"

#include "base/files.h"
#include "plugins/archive.h"
#include "plugins/loader.h"
#include "plugins/verify.h"

namespace vhost {

namespace fs = std::filesystem;

Packed pack_package(const fs::path& folder, const fs::path& output) {
  const Package package = read_small_package(folder);
  check_library(package);
  const std::vector<PackageFile> files = list_files(package.folder);
  const fs::path list = package.folder / kChecksums;
  if (fs::exists(list)) {
    const auto differences = compare_files(parse_checksums(read_file(list), list.string()), files);
    if (!differences.empty())
      throw Error(package.folder.string() + ": " + differences.front() + "; remove " + kChecksums +
                  " if the change is meant");
  }
  check_private_libraries(package, files);
  Packed packed{output.empty() ? fs::path(package.name + "-" + package.version + ".tar.zst") : output,
                package.name,
                package.version,
                "",
                0,
                files.size()};
  write_archive(packed.archive, package.folder, package.name + "/" + package.version, files);
  packed.sha256 = sha256_file(packed.archive);
  packed.size = fs::file_size(packed.archive);
  return packed;
}

}  // namespace vhost
