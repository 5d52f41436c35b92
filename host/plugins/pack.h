// From a package's folder to its archive.
#pragma once
#include <filesystem>
#include <string>

namespace vhost {

struct Packed {
  std::filesystem::path archive;
  std::string name, version, sha256;  // of the archive
  uint64_t size = 0;
  size_t files = 0;
};

// Writes the archive of the package in `folder` to `output`, or to <name>-<version>.tar.zst in the current folder where
// that is empty. The same files give the same bytes. Throws Error if the package is unfit: checksum, ELF note, ABI, a
// private library without a version, a link, a name that isn't portable.
Packed pack_package(const std::filesystem::path& folder, const std::filesystem::path& output);

}  // namespace vhost
