#include "engine/record.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include <algorithm>

#include "base/files.h"
#include "record/machine.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

bool trains(const Manifest& manifest) {
  return manifest.string("/task") == "pretrain" || manifest.string("/task") == "train";
}

void write_lock_file(const fs::path& file, const std::string& text, const std::vector<std::string>& changes) {
  try {
    if (file.has_parent_path()) make_directories(file.parent_path());
    write_file_atomically(file, text);
  } catch (const Error& error) {
    std::string lines;
    for (const std::string& change : changes) lines += "\n  " + change;
    throw Error(error.message() + "; the lock must change:" + lines +
                "\n  name another file with --lock, a copy of this one");
  }
}

// Training renews its work-dir's lock; the other tasks go by it, and renew only a file that --lock names.
bool renews(const RunRequest& request) {
  const fs::path own = fs::path(request.work_dir) / "lock.json";
  return !request.resolution->changes.empty() && (trains(*request.manifest) || fs::path(request.lock_file) != own);
}

void write_lock(const Experiment& x) {
  const Resolution& resolution = *x.request.resolution;
  const fs::path file = x.request.lock_file, own = fs::path(x.request.work_dir) / "lock.json";
  const std::string text = pretty_json(lock_json(resolution.lock));
  if (renews(x.request)) write_lock_file(file, text, resolution.changes);
  const bool training = trains(x.manifest), test = x.manifest.string("/task") == "test";
  const bool lacks = !fs::exists(own) && (training || test);
  if (lacks || (training && file != own && read_file(own) != text)) write_lock_file(own, text, resolution.changes);
}

// "" = predict that only prints.
fs::path record_file(const RunRequest& request) {
  const std::string task = request.manifest->string("/task");
  const fs::path work_dir = request.work_dir;
  if (trains(*request.manifest)) return work_dir / "record.json";
  if (task == "test") return work_dir / "test.record.json";
  const fs::path output = output_of(request);
  return output.empty() ? output : fs::path(output).replace_extension(".record.json");
}

Record record_of(const Experiment& x, int64_t step) {
  Record record;
  record.task = x.manifest.string("/task");
  record.folder = fs::current_path().string();
  record.work_dir = x.request.work_dir;
  record.plugin_path = x.request.plugin_path;
  if (x.request.rerun_of) record.rerun_of = fs::absolute(x.request.rerun_of->file).string();
  record.seed = x.manifest.integer("/seed");
  record.config_sha256 = config_sha256(x.manifest);
  record.manifest = x.manifest;
  record.lock = x.request.resolution->lock;
  record.data = x.data;
  record.weights = x.weights;
  record.inputs = x.request.files;
  record.output = x.request.output;
  record.top_k = x.request.top_k;
  record.history.push_back(this_start(x, step));
  return record;
}

// A resumed run keeps what its beginning recorded.
void continue_record(const fs::path& file, Record& record, RunLog& log) {
  try {
    Record old = read_record(file);
    for (const auto& [pointer, data] : record.data)
      if (const auto before = old.data.find(pointer); before != old.data.end() && !(before->second == data))
        log.message(VH_LOG_WARN, "record", pointer + " has changed since the run was begun");
    old.history.insert(old.history.end(), record.history.begin(), record.history.end());
    record.history = std::move(old.history);
    record.weights = std::move(old.weights);
    record.rerun_of = old.rerun_of;
  } catch (const Error& error) {
    log.message(VH_LOG_WARN, "record", std::string(error.what()) + "; the record begins anew with this resume");
  }
}

}  // namespace

Start this_start(const Experiment& x, int64_t step) {
  Start start;
  start.started = utc_time();
  start.command = x.request.command_line;
  start.step = step;
  start.vhost = x.request.vhost_version;
  start.abi = std::to_string(VH_ABI_MAJOR) + "." + std::to_string(VH_ABI_MINOR);
  start.libtorch = TORCH_VERSION;
  start.cpu = cpu_name();
  start.cpu_capability = at::get_cpu_capability();
  start.device = x.runtime.device.str();
  start.threads = at::get_num_threads();
  start.environment = result_environment();
  start.config_sha256 = config_sha256(x.manifest);
  start.lock_sha256 = lock_sha256(x.request.resolution->lock);
  return start;
}

fs::path output_of(const RunRequest& request) {
  if (!request.output.empty() || request.manifest->string("/task") == "predict") return request.output;
  return fs::path(request.work_dir) / "features.safetensors";
}

void write_record(const Experiment& x, int64_t step) {
  write_lock(x);
  const fs::path file = record_file(x.request);
  if (file.empty()) return;
  Record record = record_of(x, step);
  if (step > 0) continue_record(file, record, x.log);
  if (file.has_parent_path()) make_directories(file.parent_path());
  write_file_atomically(file, record_text(record));
  if (trains(x.manifest))
    write_file_atomically(fs::path(x.request.work_dir) / "manifest.json", pretty_json(x.manifest.root));
  x.log.origin(record.config_sha256, lock_json(record.lock));
}

std::vector<SummaryRow> lock_rows(const RunRequest& request) {
  const std::vector<std::string>& changes = request.resolution->changes;
  if (request.rerun_of) return {{"lock", "that of " + request.rerun_of->file.string()}};
  const char* what = changes.empty() ? " stays as it is" : renews(request) ? " would be written:" : " doesn't hold:";
  std::vector<SummaryRow> rows{{"lock", request.lock_file + what}};
  for (const std::string& change : changes) rows.push_back({"", change});
  return rows;
}

void check_rerun(const RunRequest& request) {
  const Record& then = *request.rerun_of;
  std::vector<std::string> problems = request.problems;
  RunLog log({});
  Experiment x(request, log);
  for (const auto& [pointer, data] : then.data) {
    const auto of_it = [&](const std::string& problem) { return problem.starts_with(pointer + "/"); };
    if (std::ranges::any_of(problems, of_it)) continue;  // named already
    const uint32_t pass = pointer == "/data/train" ? VH_PASS_TRAIN : VH_PASS_EVAL;
    try {
      const std::string now = x.open(pointer, pass, then.inputs).dataset->fingerprint();
      if (now != data.fingerprint)
        problems.push_back(pointer + ": the data has changed: its fingerprint is \"" + now + "\", the run's was \"" +
                           data.fingerprint + "\"");
    } catch (const Error& error) {
      problems.push_back(error.what());
    }
  }
  refuse_rerun(then, problems);
}

}  // namespace vhost
