#include "record/weights.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

bool is_step(const std::string& name) {
  return name.rfind("step-", 0) == 0 && name.size() > 5 && name.find_first_not_of("0123456789", 5) == std::string::npos;
}

}  // namespace

std::vector<std::pair<int64_t, fs::path>> complete_checkpoints(const fs::path& root) {
  std::vector<std::pair<int64_t, fs::path>> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    const std::string name = entry.path().filename().string();
    if (is_step(name) && name.size() < 24 && fs::exists(entry.path() / "state.json"))
      found.emplace_back(std::stoll(name.substr(5)), entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::optional<fs::path> newest_checkpoint(const fs::path& root) {
  const auto found = complete_checkpoints(root);
  if (found.empty()) return std::nullopt;
  return found.back().second;
}

fs::path best_checkpoint(const fs::path& root) {
  const auto newest = newest_checkpoint(root);
  if (!newest) throw Error(root.string() + ": holds no complete checkpoint");
  const json::value state = read_json((*newest / "state.json").string()).root;
  const json::value* best = state.is_object() ? state.get_object().if_contains("best") : nullptr;
  const json::value* step = best && best->is_object() ? best->get_object().if_contains("step") : nullptr;
  if (!step || !step->is_int64() || step->get_int64() < 0)
    throw Error(newest->string() + ": names no best checkpoint: set checkpoint.best, such as \"top1\", and train");
  const fs::path folder = root / ("step-" + std::to_string(step->get_int64()));
  if (!fs::exists(folder / "state.json")) throw Error(folder.string() + ": the best checkpoint has been removed");
  return folder;
}

namespace {

fs::path newest_or_error(const fs::path& run) {
  if (const auto newest = newest_checkpoint(run / "checkpoints")) return *newest;
  throw Error(run.string() + ": holds no complete checkpoint");
}

fs::path step_or_error(const fs::path& run, const std::string& name) {
  std::string there;
  for (const auto& [step, folder] : complete_checkpoints(run / "checkpoints")) {
    if (folder.filename() == name) return folder;
    there += (there.empty() ? "" : ", ") + folder.filename().string();
  }
  throw Error(run.string() + ": holds no complete checkpoint " + name + (there.empty() ? "" : "; there are " + there));
}

}  // namespace

bool names_checkpoint(const std::string& name) {
  return name == "best" || name == "last" || is_step(name);
}

fs::path weights_at(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path / "checkpoints", error)) return newest_or_error(path);
  if (fs::exists(path, error)) return path;
  const std::string name = path.filename().string();
  const fs::path run = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!names_checkpoint(name) || !fs::is_directory(run / "checkpoints", error))
    throw Error(path.string() + ": no such file or folder");
  if (name == "best") return best_checkpoint(run / "checkpoints");
  return name == "last" ? newest_or_error(run) : step_or_error(run, name);
}

std::map<std::string, std::string> weights_sha256(const fs::path& weights) {
  std::error_code error;
  if (!fs::is_directory(weights, error)) return {{weights.filename().string(), sha256_file(weights)}};
  std::map<std::string, std::string> sums;
  for (const char* name : {"model.safetensors", "ema.safetensors"})
    if (fs::exists(weights / name, error)) sums[name] = sha256_file(weights / name);
  return sums;
}

}  // namespace vhost
