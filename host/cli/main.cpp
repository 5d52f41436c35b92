// vhost: reads the command line and the manifest, and opens the engine only for commands that compute.
#include <exception>
#include <iostream>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/process.h"

namespace {

int dispatch(const vhost::Options& options) {
  if (options.command == "config") return vhost::config_command(options);
  if (options.command == "plugin list") return vhost::plugin_list_command(options);
  if (options.command == "plugin inspect") return vhost::plugin_inspect_command(options);
  if (options.command == "checkpoint convert" || options.command == "checkpoint export")
    return vhost::convert_command(options);
  if (options.command == "rerun") return vhost::rerun_command(options);
  if (options.command == "compare") return vhost::compare_command(options);
  if (options.command == "report") return vhost::report_command(options);
  if (options.command == "data prepare kinetics") return vhost::data_prepare_command(options);
  if (options.command == "data browse") return vhost::data_browse_command(options);
  if (options.command == "data scan") return vhost::data_scan_command(options);
  if (options.command == "data stats") return vhost::data_stats_command(options);
  if (options.command == "data fingerprint") return vhost::data_fingerprint_command(options);
  if (options.command == "plugin check") return vhost::plugin_check_command(options);
  if (options.command == "plugin matrix") return vhost::plugin_matrix_command(options);
  if (options.command == "plugin new") return vhost::plugin_new_command(options);
  if (options.command == "plugin install") return vhost::plugin_install_command(options);
  if (options.command == "plugin remove") return vhost::plugin_remove_command(options);
  if (options.command == "plugin verify") return vhost::plugin_verify_command(options);
  if (options.command == "plugin pack") return vhost::plugin_pack_command(options);
  if (options.command == "plugin explain") return vhost::plugin_explain_command(options);
  if (options.command.rfind("checkpoint ", 0) == 0) return vhost::checkpoint_command(options);
  if (options.command == "version") return vhost::version_command();
  return vhost::run_command(options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    vhost::Options options;
    const int done = vhost::parse_command_line(argc, argv, options);
    if (done >= 0) return done;
    const bool computes = options.command == "run" || options.command == "rerun" || options.command == "predict" ||
                          options.command == "extract" || options.command == "show";
    if (computes && !options.dry_run) vhost::start_with_settings(argv);
    return dispatch(options);
  } catch (const vhost::Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return error.exit_code();
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
    return vhost::kExitError;
  }
}
