// Checkpoints as folders of files: which is the newest, what their weights hash to.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vhost {

// The complete checkpoints step-N in the folder, by step.
std::vector<std::pair<int64_t, std::filesystem::path>> complete_checkpoints(const std::filesystem::path& root);
// The newest of them; nullopt = none. Changes nothing: another run may be writing there.
std::optional<std::filesystem::path> newest_checkpoint(const std::filesystem::path& root);

// The one that the newest names as its run's best ("checkpoint.best"). Throws Error if there is none.
std::filesystem::path best_checkpoint(const std::filesystem::path& root);

// Names that stand for one of a run's checkpoints: "best", "last" and "step-N".
bool names_checkpoint(const std::string& name);

// Where weights are read from when init.from or --checkpoint says `path`: a file or a checkpoint folder as it is, of a
// run's work-dir the newest checkpoint, of <work-dir>/<name> (see names_checkpoint) the one of that name. Throws Error
// if there is none.
std::filesystem::path weights_at(const std::filesystem::path& path);

// sha256 of each file there that holds weights to compute with: by name, "model.safetensors", "ema.safetensors".
std::map<std::string, std::string> weights_sha256(const std::filesystem::path& weights);

}  // namespace vhost
