// The commands. Each returns the exit code and throws Error for what a person can mend.
#pragma once
#include <filesystem>

#include "cli/options.h"
#include "engine/engine_api.h"
#include "manifest/manifest.h"
#include "plugins/package.h"

namespace vhost {

// A manifest that is ready to run, and the packages that its parts were found in.
struct Experiment {
  Manifest manifest;
  Found packages;
};
// Reads, merges and validates all of it: the host's keys, then every part's parameters against its plugin.
Experiment read_experiment(const Options& options);

std::filesystem::path program_folder();     // where `vhost` lies, links followed
std::filesystem::path engine_path();        // of libvhost_engine.so; may not exist
int run_engine(const RunRequest& request);  // opens the engine, and LibTorch with it
void check_work_dir(const std::filesystem::path&,
                    bool dry_run);  // made unless dry_run; throws if it can't be written to

int run_command(const Options& options);  // run, predict, extract
int config_command(const Options& options);
int plugin_list_command(const Options& options);
int plugin_inspect_command(const Options& options);
int plugin_install_command(const Options& options);
int plugin_remove_command(const Options& options);
int plugin_verify_command(const Options& options);
int plugin_pack_command(const Options& options);
int plugin_explain_command(const Options& options);
int version_command();

}  // namespace vhost
