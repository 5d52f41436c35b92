// What the command line says, as plain values.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace vhost {

struct Options {
  std::string command;  // "run", "predict", "extract", "config", "plugin list", "plugin inspect", "version"
  std::string manifest, work_dir, checkpoint, output, plugin;
  std::vector<std::string> sets, plugin_path, files;
  bool dry_run = false, no_resume = false, json = false, origins = false;
  int top_k = 5;
  std::string to, range = "*";      // plugin install --to, plugin remove --from; plugin explain NAME RANGE
  bool force = false, all = false;  // plugin install, plugin remove
  uint64_t max_size = 0;            // plugin install; 0 = the usual limit
  std::string command_line;         // the whole of it, quoted for a shell
};

constexpr int kExitError = 1, kExitUsage = 2;

// Fills `options` in. Returns -1 to go on; or the exit code, when help or the version was printed or the usage was
// wrong (one line on stderr).
int parse_command_line(int argc, const char* const* argv, Options& options);

}  // namespace vhost
