#include <iostream>

#include "cli/commands.h"
#include "plugins/remove.h"

namespace vhost {

int plugin_remove_command(const Options& options) {
  const size_t at = options.plugin.find('@');
  RemoveRequest request;
  request.name = options.plugin.substr(0, at);
  request.search_path = plugin_search_path(options.plugin_path);
  request.folders = users_plugin_path(options.plugin_path);
  request.all = options.all;
  if (at != std::string::npos) {
    request.version = options.plugin.substr(at + 1);
    compare_versions(request.version, request.version);  // throws for what is no exact version
  }
  if (!options.to.empty()) request.search_path = request.folders = {options.to};
  for (const auto& folder : remove_packages(request)) std::cout << "removed " << folder.string() << "\n";
  return 0;
}

}  // namespace vhost
