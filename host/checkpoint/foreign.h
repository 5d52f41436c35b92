// Checkpoints that others have written, as tensors by name: what `vhost checkpoint` and weight conversion begin with.
#pragma once
#include <ATen/ATen.h>

#include <filesystem>
#include <map>
#include <string>

#include "base/json.h"

namespace vhost {

struct ForeignCheckpoint {
  std::string container;  // "safetensors", "torch zip", "torch legacy", "vhost"
  // Every tensor, its path from the root joined with '.', `printable`: "state_dict.backbone.cls_token",
  // "model.encoder.norm.weight". On the CPU; they share the mapped file, and each other's memory where the file says
  // so: copy what must outlive a change of the file or be written to.
  std::map<std::string, at::Tensor> tensors;
  // What else was found, by path, shortened for people: numbers, strings, names of opaque classes.
  json::object other;
  // Tensors that can't be read (sparse, complex, ...) by path, and what they are; in `other` too.
  std::map<std::string, std::string> unread;
};

// A .safetensors file, a file of torch.save (zip or the older stream), or a checkpoints/step-N folder, of which the
// model's tensors are read. Goes by content, not by extension. Runs none of what a pickle asks for. Throws Error naming
// the file, the byte or the key, and the way out.
ForeignCheckpoint read_foreign(const std::filesystem::path& path);

}  // namespace vhost
