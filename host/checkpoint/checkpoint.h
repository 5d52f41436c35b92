// checkpoints/step-N/{model,optimizer,ema}.safetensors and state.json: written under a temporary name, synced, renamed.
// A crash at any byte leaves the last good one.
#pragma once
#include <filesystem>
#include <string>

#include "base/json.h"
#include "checkpoint/safetensors.h"

namespace vhost {

struct Checkpoint {
  int64_t step = 0;
  NamedTensors model, optimizer, ema;  // ema and optimizer may be empty
  json::object state;
  int64_t best_step = -1;  // kept however old it is
};

// `root` is the checkpoints folder. Removes what crashed writers have left; keeps the newest `keep` (0 = all). Does
// nothing if that step is already there.
void save_checkpoint(const std::filesystem::path& root, const Checkpoint& checkpoint, int64_t keep);

struct LoadedCheckpoint {
  std::filesystem::path folder;
  std::map<std::string, at::Tensor> model, optimizer, ema;
  json::object state;
};

// A checkpoint folder, or a .safetensors file (weights only).
LoadedCheckpoint load_checkpoint(const std::filesystem::path& path, bool with_optimizer);

}  // namespace vhost
