// From an archive or a folder to an installed package.
#pragma once
#include <filesystem>

#include "plugins/archive.h"
#include "plugins/package.h"

namespace vhost {

struct InstallRequest {
  std::filesystem::path source, destination;  // an archive or a package's folder; a folder of packages
  bool force = false;                         // replace an installed package that differs
  ArchiveLimits limits;
};

struct Installed {
  Package package;
  enum { kNew, kReplaced, kSame } what = kNew;  // kSame: it was there, nothing is changed
};

// Unpacks into a hidden folder of the destination, checks every file against checksums.txt (an archive has one, for a
// folder it is written), plugin.json, the library's checksum, ELF note and ABI, and only then renames it into place.
// Nothing of the package runs. However it ends, the whole package is visible or nothing. Throws Error naming the
// source.
Installed install_package(const InstallRequest& request);

std::filesystem::path default_install_folder();  // the user's data folder; throws Error without a home

}  // namespace vhost
