// Fields that tell what a sample's file is: for `vhost data`, never given to models (docs/data-tools.md).
#pragma once
#include "assembly/input.h"

namespace vhost {

inline bool is_of_file(const Field& field) {
  return field.spec.semantic == "file";
}

}  // namespace vhost
