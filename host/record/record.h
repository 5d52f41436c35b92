// record.json: everything that a run came about with, written into its work-dir (beside the output, for tasks that
// compute with trained weights) once it is assembled.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "manifest/manifest.h"
#include "plugins/lock.h"

namespace vhost {

// One process of the run: its start, or a resume.
struct Start {
  std::string started;  // UTC
  std::string command;
  int64_t step = 0;  // where it began
  std::string vhost, abi, libtorch;
  std::string cpu, cpu_capability, device;
  int64_t threads = 0;
  std::map<std::string, std::string> environment;  // what of it may change results
  std::string config_sha256, lock_sha256;
};

// What a dataset read.
struct RecordedData {
  std::string fingerprint;                   // the plugin's own word
  std::map<std::string, std::string> files;  // sha256 by "/data/train/list", of the parameters that name files
  bool operator==(const RecordedData&) const = default;
};

struct RecordedWeights {
  std::string path;                           // "runs/pre/checkpoints/step-400"
  std::map<std::string, std::string> sha256;  // by name of the file: "model.safetensors"
};

struct Record {
  std::filesystem::path file;  // that it was read from
  std::string task;
  std::string folder;    // the current one of the run: relative paths start there
  std::string work_dir;  // relative to folder, or absolute
  std::vector<std::string> plugin_path;
  std::string rerun_of;  // the record that this run was made again from; "" = none
  int64_t seed = 0;
  std::string config_sha256;  // of the manifest's canonical JSON
  Manifest manifest;          // as it was used: merged, defaults filled in
  Lock lock;
  std::map<std::string, RecordedData> data;        // by "/data/train"
  std::map<std::string, RecordedWeights> weights;  // by "/init/from" or "--checkpoint"
  std::vector<std::string> inputs;                 // predict, extract: files in place of the list
  std::string output;
  int64_t top_k = 0;
  std::vector<Start> history;  // at least one
};

std::string config_sha256(const Manifest& manifest);
std::string lock_sha256(const Lock& lock);

// The files that a part's parameters name, with their sha256: texts that are the path of a file of at most 64 MiB.
std::map<std::string, std::string> files_of(const Manifest& manifest, const std::string& part);

std::string record_text(const Record& record);
// A record file, or a work-dir with one. Throws Error naming file, line and key.
Record read_record(const std::filesystem::path& path);
Record parse_record(std::string_view text, const std::filesystem::path& file);

}  // namespace vhost
