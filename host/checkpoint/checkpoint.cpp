#include "checkpoint/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fault.h"
#include "base/files.h"
#include "record/weights.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

constexpr const char* kTemporary = ".writing-";
constexpr const char* kRemoved = ".removing-";

void sync_folder(const fs::path& folder) {
  fault_point();
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool done = fd >= 0 && ::fsync(fd) == 0;
  const int reason = errno;
  if (fd >= 0) ::close(fd);
  if (!done) throw Error(folder.string() + ": cannot sync: " + std::strerror(reason));
  fault_point();
}

void rename_path(const fs::path& from, const fs::path& to) {
  fault_point();
  std::error_code error;
  fs::rename(from, to, error);
  if (error) throw Error(from.string() + ": cannot rename to " + to.string() + ": " + error.message());
  fault_point();
}

void remove_leftovers(const fs::path& root) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root, error)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(kTemporary, 0) == 0 || name.rfind(kRemoved, 0) == 0) fs::remove_all(entry.path(), error);
  }
}

void remove_old(const fs::path& root, int64_t keep, int64_t best_step) {
  auto found = complete_checkpoints(root);
  for (size_t i = 0; keep > 0 && i + static_cast<size_t>(keep) < found.size(); ++i) {
    if (found[i].first == best_step) continue;
    const fs::path away = root / (kRemoved + found[i].second.filename().string());
    rename_path(found[i].second, away);
    std::error_code error;
    fs::remove_all(away, error);
    fault_point();
  }
}

}  // namespace

void save_checkpoint(const fs::path& root, const Checkpoint& checkpoint, int64_t keep) {
  const std::string name = "step-" + std::to_string(checkpoint.step);
  make_directories(root);
  if (fs::exists(root / name / "state.json")) return;
  remove_leftovers(root);
  const fs::path temporary = root / (kTemporary + name);
  make_directories(temporary);
  write_safetensors(temporary / "model.safetensors", checkpoint.model, {{"format", "pt"}});
  if (!checkpoint.optimizer.empty()) write_safetensors(temporary / "optimizer.safetensors", checkpoint.optimizer);
  if (!checkpoint.ema.empty()) write_safetensors(temporary / "ema.safetensors", checkpoint.ema, {{"format", "pt"}});
  write_synced(temporary / "state.json", pretty_json(checkpoint.state) + "\n");
  sync_folder(temporary);
  rename_path(temporary, root / name);
  sync_folder(root);
  remove_old(root, keep, checkpoint.best_step);
}

LoadedCheckpoint load_checkpoint(const fs::path& path, bool with_optimizer) {
  LoadedCheckpoint loaded;
  loaded.folder = path;
  if (!fs::exists(path)) throw Error(path.string() + ": there is no such checkpoint");
  if (!fs::is_directory(path)) {
    loaded.model = read_safetensors(path);
    return loaded;
  }
  if (!fs::exists(path / "model.safetensors"))
    throw Error(path.string() +
                ": holds no model.safetensors; give a checkpoints/step-N folder or a .safetensors file");
  loaded.model = read_safetensors(path / "model.safetensors");
  if (with_optimizer && fs::exists(path / "optimizer.safetensors"))
    loaded.optimizer = read_safetensors(path / "optimizer.safetensors");
  if (fs::exists(path / "ema.safetensors")) loaded.ema = read_safetensors(path / "ema.safetensors");
  if (fs::exists(path / "state.json")) {
    JsonDocument state = read_json((path / "state.json").string());
    if (!state.root.is_object()) throw Error((path / "state.json").string() + ": is not a JSON object");
    loaded.state = state.root.get_object();
  }
  return loaded;
}

}  // namespace vhost
