// What the command line says, as plain values.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace vhost {

struct Options {
  std::string command;  // as it is typed: "run", "rerun", "predict", "plugin list", "plugin check", ...
  std::string manifest, work_dir, checkpoint, output, plugin;
  std::vector<std::string> sets, plugin_path, files;
  std::string record;               // of rerun: a work-dir or its record.json
  std::string lock;                 // "" = lock.json in the work-dir
  std::vector<std::string> update;  // names; "" = all
  bool locked = false;
  bool dry_run = false, no_resume = false, json = false, csv = false, origins = false;
  std::string list, picture, pool, dump;     // of predict and extract, predict, extract, test
  std::string kind, licence = "Apache-2.0";  // of plugin new
  bool c = false;
  int top_k = 5;
  std::vector<int64_t> indices;  // of show
  int64_t seed = -1;             // of show; -1 = the manifest's
  bool train_pass = false, fresh = false;
  std::vector<std::string> checks;  // plugin check: ids or groups; empty = all
  std::string component, report;
  std::string part;                 // plugin matrix: PLUGIN/COMPONENT; "" = all
  std::vector<std::string> inputs;  // plugin matrix: image, clip or TxHxW; empty = image and clip
  double timeout_seconds = 60;
  std::string to, range = "*";      // plugin install --to, plugin remove --from; plugin explain NAME RANGE
  bool force = false, all = false;  // plugin install, plugin remove
  uint64_t max_size = 0;            // plugin install; 0 = the usual limit
  double mre = 0.05, mae = 0.0002;  // compare: limits
  std::string only, dataset;        // data: train, eval or predict; what reads a list or folder
  int threads = 0;                  // data; 0 = all cores
  bool as_is = false;               // data scan
  bool skip_short = false;          // data scan
  std::string source, split;        // data prepare
  std::vector<std::string> annotations;
  bool no_check = false;
  std::string class_name;  // data browse
  int64_t count = 24, augmentations = 1;
  std::string family, prefix;                 // checkpoint convert, checkpoint export
  std::vector<std::string> allow_unexpected;  // checkpoint convert
  std::string classes, class_names;           // checkpoint convert
  bool no_ema = false;                        // checkpoint export
  std::string command_line;                   // the whole of it, quoted for a shell
};

constexpr int kExitError = 1, kExitUsage = 2;

// Fills `options` in. Returns -1 to go on; or the exit code, when help or the version was printed or the usage was
// wrong (one line on stderr).
int parse_command_line(int argc, const char* const* argv, Options& options);

}  // namespace vhost
