// The commands. Each returns the exit code and throws Error for what a person can mend.
#pragma once
#include <filesystem>

#include "cli/options.h"
#include "engine/engine_api.h"
#include "manifest/manifest.h"
#include "plugins/resolve_manifest.h"

namespace vhost {

// A manifest that is ready to run, the packages that its parts were found in, and which they are.
struct Experiment {
  Manifest manifest;
  Found packages;
  std::string lock_file;  // --lock, or the work-dir's
  Resolution resolution;  // points into `packages`
};
// Reads, merges and validates all of it: the host's keys, the plugins under the lock, every part's parameters.
Experiment read_experiment(const Options& options);

std::filesystem::path program_folder();  // where `vhost` lies, links followed
std::filesystem::path engine_path();     // of libvhost_engine.so; may not exist
void* engine_door(const char* name);     // opens the engine, and LibTorch with it; throws Error
int run_engine(const RunRequest& request);
std::vector<std::string> existing(const std::vector<std::filesystem::path>& folders);
void check_work_dir(const std::filesystem::path&,
                    bool dry_run);  // made unless dry_run; throws if it can't be written to

int run_command(const Options& options);  // run, predict, extract, show
int rerun_command(const Options& options);
int compare_command(const Options& options);  // kExitError where the run isn't accepted
int report_command(const Options& options);
int data_browse_command(const Options& options);
int data_fingerprint_command(const Options& options);
int data_prepare_command(const Options& options);  // kExitError where something is missing or broken
int data_scan_command(const Options& options);     // kExitError where a sample can't be read
int data_stats_command(const Options& options);
int convert_command(const Options& options);  // checkpoint convert, checkpoint export
int config_command(const Options& options);
int checkpoint_command(const Options& options);  // inspect, diff, average
int plugin_list_command(const Options& options);
int plugin_inspect_command(const Options& options);
int plugin_check_command(const Options& options);
int plugin_matrix_command(const Options& options);
int plugin_new_command(const Options& options);
int plugin_install_command(const Options& options);
int plugin_remove_command(const Options& options);
int plugin_verify_command(const Options& options);
int plugin_pack_command(const Options& options);
int plugin_explain_command(const Options& options);
int version_command();

}  // namespace vhost
