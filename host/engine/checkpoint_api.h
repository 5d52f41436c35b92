// The fourth door of libvhost_engine.so: checkpoint files, behind `vhost checkpoint`. No LibTorch here.
#pragma once
#include <string>
#include <vector>

#include "base/json.h"

namespace vhost {

struct CheckpointRequest {
  std::string command;             // "inspect", "diff", "average"
  std::vector<std::string> files;  // one; two; two or more
  std::string output;              // average: the file to write; it appears when it is whole
  json::object* report = nullptr;  // filled in: see checkpoint/inspect.h; average: {"output", "tensors", "parameters"}
};

}  // namespace vhost

// Returns the exit code: 0; 1 after an error (already printed).
extern "C" int vhost_engine_checkpoint(const vhost::CheckpointRequest* request);
