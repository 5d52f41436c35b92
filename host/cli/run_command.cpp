#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "base/files.h"
#include "cli/commands.h"
#include "cli/input_files.h"
#include "record/weights.h"
#include "vhost/abi.h"

namespace vhost {
namespace fs = std::filesystem;

namespace {

// `predict` and `extract` with files need a dataset's parameters only:
// without one for evaluation, the training set's do.
void lend_dataset(Manifest& manifest) {
  if (manifest.has("/data/predict") || manifest.has("/data/eval") || !manifest.has("/data/train")) return;
  json::object& data = manifest.root.at("data").as_object();
  data["predict"] = json::value(data.at("train"));
  const std::string from = "/data/train", to = "/data/predict";
  std::map<std::string, Location> lent;
  for (const auto& [pointer, place] : manifest.places) {
    if (pointer == from || pointer.starts_with(from + "/")) lent[to + pointer.substr(from.size())] = place;
  }
  manifest.places.merge(lent);
}

void resolve_under_lock(Experiment& experiment, const Options& options) {
  const fs::path work_dir = options.work_dir.empty() ? experiment.manifest.string("/work_dir") : options.work_dir;
  LockPolicy policy;
  policy.file = options.lock.empty() ? work_dir / "lock.json" : fs::path(options.lock);
  policy.locked = options.locked;
  for (const std::string& name : options.update) {
    if (name.empty()) policy.update_all = true;
    if (!name.empty()) policy.update.push_back(name);
  }
  std::error_code ignored;
  try {
    if (fs::exists(policy.file, ignored)) policy.lock = read_lock(policy.file);
  } catch (const Error&) {
    if (!policy.update_all) throw;  // else the whole of it is made anew
  }
  experiment.lock_file = policy.file.string();
  experiment.resolution = resolve_manifest(experiment.manifest, experiment.packages, policy);
  const fs::path own = work_dir / "lock.json";
  if (options.lock.empty() || !fs::exists(own, ignored)) return;
  for (const std::string& change : lock_changes(read_lock(own), experiment.resolution.lock))
    experiment.resolution.notes.push_back(own.string() + " said otherwise: " + change);
}

}  // namespace

namespace {

// eval.dump is relative to the work-dir, --dump to the current folder.
std::string dump_file(const std::string& file) {
  const std::string extension = fs::path(file).extension().string();
  if (extension != ".json" && extension != ".npz")
    throw Error("--dump " + file + ": scores are written as .json or .npz");
  return fs::absolute(file).lexically_normal().string();
}

}  // namespace

Experiment read_experiment(const Options& options) {
  std::vector<std::string> sets = options.sets;
  if (options.command == "predict" || options.command == "extract" || options.command == "test")
    sets.push_back("task=\"" + options.command + "\"");
  if (!options.pool.empty()) sets.push_back("extract.pool=\"" + options.pool + "\"");
  if (!options.dump.empty()) sets.push_back("eval.dump=" + json::serialize(json::value(dump_file(options.dump))));
  if (options.command == "show" && options.seed >= 0) sets.push_back("seed=" + std::to_string(options.seed));
  Experiment experiment{read_manifest(options.manifest, sets), {}, {}, {}};
  if ((!options.files.empty() || !options.list.empty()) && !options.train_pass) lend_dataset(experiment.manifest);
  validate_host(experiment.manifest);
  experiment.packages = find_packages(plugin_search_path(options.plugin_path));
  resolve_under_lock(experiment, options);
  return experiment;
}

fs::path program_folder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) throw Error("can't tell where vhost lies: /proc/self/exe: " + error.message());
  return program.parent_path();
}

fs::path engine_path() {
  return (program_folder() / "../lib/libvhost_engine.so").lexically_normal();
}

void* engine_door(const char* name) {
  const fs::path path = engine_path();
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    throw Error("this vhost has no engine: " + path.string() +
                " is missing. It is built where LibTorch is found (VHOST_TORCH=ON, after tools/setup)");
  }
  // Never closed: plugins keep pointers into it until the process ends.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw Error("can't open the engine: " + std::string(dlerror()));
  void* door = dlsym(library, name);
  if (!door) throw Error(path.string() + " is no engine of this vhost: " + dlerror());
  return door;
}

int run_engine(const RunRequest& request) {
  return reinterpret_cast<decltype(&vhost_engine_run)>(engine_door("vhost_engine_run"))(&request);
}

std::vector<std::string> existing(const std::vector<fs::path>& folders) {
  std::vector<std::string> there;
  std::error_code ignored;
  for (const fs::path& folder : folders)
    if (fs::is_directory(folder, ignored)) there.push_back(folder.string());
  return there;
}

void check_work_dir(const fs::path& folder, bool dry_run) {
  if (!dry_run) make_directories(folder);
  fs::path nearest = fs::absolute(folder);
  std::error_code ignored;
  while (nearest.has_relative_path() && !fs::exists(nearest, ignored)) nearest = nearest.parent_path();
  if (!fs::is_directory(nearest, ignored))
    throw Error(nearest.string() + " is no folder, so " + folder.string() + " can't be made");
  if (access(nearest.c_str(), W_OK | X_OK) != 0) throw Error("no permission to write to " + nearest.string());
}

namespace {

// Of the dataset that files replace the list of.
std::vector<std::string> extensions_of_inputs(const Options& options, const Experiment& experiment) {
  for (const char* place : {"/data/predict", "/data/eval", "/data/train"})
    if ((!options.train_pass || std::string_view(place) == "/data/train") && experiment.manifest.has(place))
      return experiment.resolution.part(place).component->extensions;
  return {};
}

std::string work_dir_of(const Options& options, const Manifest& manifest) {
  const std::string folder = options.work_dir.empty() ? manifest.string("/work_dir") : options.work_dir;
  try {
    check_work_dir(folder, options.dry_run);
  } catch (const Error& error) {
    const std::string message = "the work-dir can't be written to: " + error.message();
    if (options.work_dir.empty()) throw manifest.error("/work_dir", message + "; give another with --work-dir");
    throw Error("--work-dir: " + message);
  }
  return folder;
}

// A path, or a name of the work-dir's: "best", "last", "step-N".
std::string checkpoint_of(const Options& options, const Manifest& manifest) {
  std::error_code ignored;
  if (options.checkpoint.empty()) return "";
  if (names_checkpoint(options.checkpoint) && !fs::exists(options.checkpoint, ignored)) {
    const fs::path work_dir = options.work_dir.empty() ? manifest.string("/work_dir") : options.work_dir;
    if (!fs::is_directory(work_dir / "checkpoints", ignored))
      throw Error("--checkpoint " + options.checkpoint + ": " + work_dir.string() + " holds no checkpoints of a run");
    return weights_at(work_dir / options.checkpoint).string();
  }
  try {
    return weights_at(options.checkpoint).string();
  } catch (const Error& error) {
    throw Error("--checkpoint " + error.message());
  }
}

}  // namespace

int run_command(const Options& options) {
  const Experiment experiment = read_experiment(options);
  const std::string checkpoint = checkpoint_of(options, experiment.manifest);
  RunRequest request;
  request.manifest = &experiment.manifest;
  request.resolution = &experiment.resolution;
  request.lock_file = experiment.lock_file;
  request.work_dir = work_dir_of(options, experiment.manifest);
  request.checkpoint = checkpoint;
  request.files = input_files(options.files, options.list, extensions_of_inputs(options, experiment));
  request.output = options.output;
  request.command_line = options.command_line;
  request.vhost_version = VHOST_VERSION;
  request.plugin_path = existing(experiment.packages.searched);
  request.dry_run = options.dry_run;
  request.resume = !options.no_resume;
  request.json = options.json;
  request.csv = options.csv;
  request.picture = options.picture;
  request.top_k = options.top_k;
  request.show = {options.command == "show", options.indices, options.train_pass, options.fresh};
  return run_engine(request);
}

int version_command() {
  std::error_code ignored;
  const fs::path engine = engine_path();
  std::cout << "vhost       " VHOST_VERSION "\nplugin ABI  " << VH_ABI_MAJOR << "." << VH_ABI_MINOR
            << " (oldest accepted: " << VH_ABI_MAJOR << "." << VH_ABI_MINOR_OLDEST << ")\nengine      "
            << (fs::exists(engine, ignored) ? engine.string() : "none (built without LibTorch)") << "\n";
  return 0;
}

}  // namespace vhost
