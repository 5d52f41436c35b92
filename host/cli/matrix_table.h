// What `vhost plugin matrix` prints: for each input one table per thing to be learnt, reasons below.
#pragma once
#include <string>
#include <vector>

#include "engine/matrix_api.h"

namespace vhost {

// `only`: the part that was asked for, whose cells are always shown; "" = none.
std::string matrix_text(const std::vector<MatrixInput>& inputs, const std::vector<Combination>& all,
                        const std::string& only);
json::object matrix_json(const std::vector<MatrixInput>& inputs, const std::vector<Combination>& all);

}  // namespace vhost
