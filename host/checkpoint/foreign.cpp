#include "checkpoint/foreign.h"

#include "checkpoint/checkpoint.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

ForeignCheckpoint read_folder(const fs::path& path) {
  LoadedCheckpoint loaded = load_checkpoint(path, /*with_optimizer=*/false);
  ForeignCheckpoint all{"vhost", std::move(loaded.model), {}};
  for (const auto& [key, value] : loaded.state)
    if (!value.is_structured()) all.other[key] = value;
  if (!loaded.ema.empty()) all.other["ema"] = std::to_string(loaded.ema.size()) + " tensors in ema.safetensors";
  if (fs::exists(path / "optimizer.safetensors")) all.other["optimizer"] = "in optimizer.safetensors";
  return all;
}

ForeignCheckpoint read_flat(const fs::path& path) {
  ForeignCheckpoint all{"safetensors", {}, {}};
  std::map<std::string, std::string> metadata;
  all.tensors = read_safetensors(path, &metadata);
  for (const auto& [key, value] : metadata) all.other["__metadata__." + key] = value;
  return all;
}

}  // namespace

ForeignCheckpoint read_foreign(const fs::path& path) {
  if (!fs::exists(path)) throw Error(path.string() + ": there is no such checkpoint");
  if (fs::is_directory(path)) return read_folder(path);
  return read_flat(path);
}

}  // namespace vhost
