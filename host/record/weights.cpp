#include "record/weights.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"

namespace vhost {

namespace fs = std::filesystem;

std::vector<std::pair<int64_t, fs::path>> complete_checkpoints(const fs::path& root) {
  std::vector<std::pair<int64_t, fs::path>> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind("step-", 0) == 0 && name.size() > 5 &&
        name.find_first_not_of("0123456789", 5) == std::string::npos && name.size() < 24 &&
        fs::exists(entry.path() / "state.json"))
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

fs::path weights_at(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) throw Error(path.string() + ": no such file or folder");
  if (!fs::is_directory(path / "checkpoints", error)) return path;
  const auto newest = newest_checkpoint(path / "checkpoints");
  if (!newest) throw Error(path.string() + ": holds no complete checkpoint");
  return *newest;
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
