// The third door of libvhost_engine.so: which parts fit together, behind `vhost plugin matrix`. No LibTorch here.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "plugins/package.h"

namespace vhost {

// What every combination is tried on: one image or clip of three channels, with labels.
struct MatrixInput {
  std::string name;  // "clip"
  int64_t frames = 1, height = 224, width = 224, classes = 1000;
};

// Parts as a manifest uses them ("videomae/vit"); "" = not in this combination.
struct Combination {
  const MatrixInput* input = nullptr;  // one of the request's
  std::string backbone;
  std::string mask, mode;  // "drop" or "replace"
  std::string target;      // none: the labels are wanted
  std::string head, loss;
  bool fits = false;
  std::string reason;     // what the part that refused it says; "" = it fits
  std::string pointer;    // the place in the manifest that it says it of
  json::object manifest;  // its parts as they are written in one; data, optimizer and schedule are missing
};

struct MatrixRequest {
  const Found* packages = nullptr;  // the newest version of each plugin is taken
  std::vector<MatrixInput> inputs;
  std::string only;                                // the part that every combination must hold; "" = all combinations
  std::map<std::string, json::object> parameters;  // use -> parameters, over the defaults
  // Filled in: from each backbone alone to whole experiments. Behind a combination that is refused there are none that
  // add to it, as they are refused for the same reason.
  std::vector<Combination>* out = nullptr;
};

}  // namespace vhost

// Returns the exit code: 0, or 1 after an error (already printed).
extern "C" int vhost_engine_matrix(const vhost::MatrixRequest* request);
