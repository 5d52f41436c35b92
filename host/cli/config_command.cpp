#include <iostream>

#include "base/json.h"
#include "cli/commands.h"

namespace vhost {
namespace {

// One line per leaf: pointer, value, and the place that set it. A value without a place of its own is a default.
void print_origins(const Manifest& manifest, const std::string& pointer, const json::value& value) {
  if (value.is_object() && !value.get_object().empty()) {
    for (const auto& member : value.get_object()) {
      print_origins(manifest, pointer + "/" + escape_pointer(member.key()), member.value());
    }
    return;
  }
  const auto place = manifest.places.find(pointer);
  std::cout << pointer << " = " << canonical_json(value) << "  # "
            << (place == manifest.places.end() ? "default" : place->second.str()) << "\n";
}

}  // namespace

int config_command(const Options& options) {
  const Experiment experiment = read_experiment(options);
  if (options.origins) {
    print_origins(experiment.manifest, "", experiment.manifest.root);
  } else {
    std::cout << pretty_json(experiment.manifest.root) << "\n";
  }
  return 0;
}

}  // namespace vhost
