// Whether an installed package is whole and fit for this host; nothing of it runs.
#pragma once
#include <string>
#include <vector>

#include "plugins/contents.h"
#include "plugins/package.h"

namespace vhost {

struct Verdict {
  bool has_checksums = false;       // else only the library's checksum is known
  std::vector<std::string> faults;  // one line each; none = it is whole
};
Verdict verify_package(const Package& package);

// plugin.json is read only up to this size.
inline constexpr uint64_t kMaxPluginJson = uint64_t{4} << 20;
Package read_small_package(const std::filesystem::path& folder);  // read_package, after a look at its size

// Libraries beside the plugin's own, and what all of them ask for: the system's loader takes libraries of one soname
// for the same, whoever brings them, so each must carry a version. Throws Error.
void check_private_libraries(const Package& package, const std::vector<PackageFile>& files);

}  // namespace vhost
