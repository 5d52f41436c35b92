// Tries combinations of parts as a dry run would, on meta tensors.
#pragma once
#include "engine/engine_api.h"
#include "engine/matrix_api.h"

namespace vhost {

void find_combinations(const MatrixRequest& request);

}  // namespace vhost
