// model.freeze: parameters that don't learn, and the parts that then run as in evaluation.
#pragma once
#include "assembly/model.h"

namespace vhost {

// Marks the parameters whose names the manifest freezes, and tells the model which parts are frozen whole. Throws
// Error at a pattern that matches no parameter, and if nothing is left to learn.
void freeze(const Manifest& manifest, Model& model);

}  // namespace vhost
