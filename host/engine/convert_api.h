// A door of libvhost_engine.so: weights to and from other projects' names, behind `vhost checkpoint convert | export`.
// No LibTorch here.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "plugins/package.h"

namespace vhost {

struct ConvertFileRequest {
  const Found* packages = nullptr;  // the newest of each plugin gives its key maps
  std::string file, output;         // output: .safetensors, which appears when it is whole; export: or a folder
  std::string to;                   // export: "hf", "timm", ...; "" = convert to our names
  std::string family;               // "" = by the names (convert), by model and `to` (export)
  // Of the manifest: "videomae/vit", and (name, component) of the heads; "" and empty = unknown.
  const json::object* manifest = nullptr;  // with defaults filled in; nullptr = unknown
  std::string backbone;
  std::vector<std::pair<std::string, std::string>> heads;
  std::string prefix;                         // of our names: only these
  std::vector<std::string> allow_unexpected;  // patterns of their names
  std::vector<std::string> take;              // options of the key map
  std::string classes, class_names;           // convert: as init's keys; "" = none
  bool ema = true;                            // export: the averaged weights, if there are any
};

}  // namespace vhost

// Prints what was done. Returns the exit code: 0; 1 after an error (already printed).
extern "C" int vhost_engine_convert(const vhost::ConvertFileRequest* request);
