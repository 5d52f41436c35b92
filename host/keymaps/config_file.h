// The file beside another project's weights that tells it their sizes: config.json of Hugging Face.
#pragma once
#include <ATen/ATen.h>

#include <map>
#include <string>
#include <vector>

#include "keymaps/keymap.h"

namespace vhost {

struct ConfigSource {
  const std::map<std::string, at::Tensor>& ours;  // the weights, by our names
  const json::value& manifest;                    // of their model, with defaults filled in
  std::string head;                               // what {head} stands for
  std::vector<std::string> class_names;           // by class; what is missing or empty is unknown
};

// The values of map.config. Throws Error naming the key that nothing is known of.
json::object config_values(const KeyMap& map, const ConfigSource& source);

}  // namespace vhost
