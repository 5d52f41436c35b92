// HOG by operators: the reference, for every device, float type and number of bins.
#pragma once
#include "hog_layout.h"
#include "vhost/cpp/handle.hpp"

namespace maskfeat {

// frames [N,C,H,W] of a float type -> [N,tokens,features] of the same type; see Note [HOG]. Angles are computed in
// float64.
vh::Tensor hog_by_operators(const vh::Tensor& frames, const HogShape& shape);

}  // namespace maskfeat
