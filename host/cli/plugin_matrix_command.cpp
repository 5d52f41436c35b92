#include <iostream>

#include "cli/commands.h"
#include "engine/matrix_api.h"

namespace vhost {

int plugin_matrix_command(const Options& options) {
  const Found found = find_packages(plugin_search_path(options.plugin_path));
  std::vector<Combination> all;
  MatrixRequest request;
  request.packages = &found;
  request.inputs = {{"image", 1, 224, 224, 1000}, {"clip", 16, 224, 224, 400}};
  request.only = options.part;
  request.out = &all;
  const int code = reinterpret_cast<decltype(&vhost_engine_matrix)>(engine_door("vhost_engine_matrix"))(&request);
  if (code != 0) return code;
  for (const Combination& one : all)
    std::cout << one.input->name << " " << one.backbone << " " << one.mask << " " << one.mode << " " << one.target
              << " " << one.head << " " << one.loss << (one.fits ? " fits" : " no: " + one.reason + " @ " + one.pointer)
              << "\n";
  return 0;
}

}  // namespace vhost
