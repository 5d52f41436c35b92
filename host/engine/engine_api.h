// The door of libvhost_engine.so: `vhost` links no LibTorch and opens the engine for commands that compute.
#pragma once
#include <string>
#include <vector>

#include "manifest/manifest.h"
#include "plugins/resolve_manifest.h"
#include "record/record.h"

namespace vhost {

struct RunRequest {
  const Manifest* manifest = nullptr;      // merged and validated, defaults filled in, plugin parameters too
  const Resolution* resolution = nullptr;  // its plugins and parts, found and checked
  std::string lock_file;                   // --lock, or the work-dir's lock.json; written where it must change
  std::string work_dir;
  std::string checkpoint;                // weights for test, predict and extract; "" = newest in work_dir
  std::vector<std::string> files;        // predict, extract, show: inputs in place of the list
  std::string output;                    // predict, extract, show: file or folder; "" = in work_dir
  std::string command_line;              // for the record
  std::string vhost_version;             // for the record
  std::vector<std::string> plugin_path;  // for the record
  const Record* rerun_of = nullptr;      // the run that this one repeats
  std::vector<std::string> problems;     // that stand in its way, besides what the engine finds
  bool dry_run = false;
  bool resume = true;
  bool json = false, csv = false;  // predict: machine-readable output
  std::string picture;             // predict: .png file; "" = none
  int top_k = 5;
  struct Show {
    bool on = false;
    std::vector<int64_t> indices;  // of samples; empty = all of `files`, else the first
    bool train = false;            // the training set, augmented as in training
    bool fresh = false;            // untrained weights
  } show;
};

}  // namespace vhost

// Returns the exit code: 0 done, 1 error (already printed), 130 SIGINT, 143 SIGTERM.
extern "C" int vhost_engine_run(const vhost::RunRequest* request);
