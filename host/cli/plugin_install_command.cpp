#include <iostream>

#include "cli/commands.h"
#include "plugins/install.h"

namespace vhost {

int plugin_install_command(const Options& options) {
  InstallRequest request{options.plugin,
                         options.to.empty() ? default_install_folder() : std::filesystem::path(options.to),
                         options.force,
                         {}};
  if (options.max_size > 0) request.limits.unpacked = options.max_size;
  const Installed installed = install_package(request);
  const char* what = installed.what == Installed::kSame       ? " is already installed in "
                     : installed.what == Installed::kReplaced ? " replaced what was in "
                                                              : " installed in ";
  std::cout << installed.package.name << " " << installed.package.version << what << installed.package.folder.string()
            << "\n";
  return 0;
}

}  // namespace vhost
