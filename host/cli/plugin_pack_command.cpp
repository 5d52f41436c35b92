#include <filesystem>
#include <iostream>

#include "cli/commands.h"
#include "plugins/pack.h"

namespace vhost {
namespace {

namespace fs = std::filesystem;

// A folder, or the installed package that NAME[@RANGE] means.
fs::path package_folder(const Options& options) {
  std::error_code error;
  if (fs::is_directory(options.plugin, error)) return options.plugin;
  if (options.plugin.find('/') != std::string::npos) throw Error(options.plugin + ": there is no such folder");
  const size_t at = options.plugin.find('@');
  const std::string range = at == std::string::npos ? "*" : options.plugin.substr(at + 1);
  return resolve(find_packages(plugin_search_path(options.plugin_path)), options.plugin.substr(0, at), range).folder;
}

}  // namespace

int plugin_pack_command(const Options& options) {
  const Packed packed = pack_package(package_folder(options), options.output);
  std::cout << packed.archive.string() << "\n  package  " << packed.name << " " << packed.version << ", "
            << packed.files << " files\n  size     " << packed.size << " bytes\n  sha256   " << packed.sha256 << "\n";
  return 0;
}

}  // namespace vhost
