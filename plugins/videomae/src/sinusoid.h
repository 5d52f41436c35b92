// The fixed position table of "Attention is all you need" (arXiv:1706.03762, section 3.5) in one dimension, over the
// flattened index of a cube.
#pragma once
#include "vhost/cpp/part.hpp"

namespace videomae {

// positions x width, row-major. Computed in float64 and rounded to float32, as the published weights expect.
std::vector<float> sinusoid(int64_t positions, int64_t width);

// The table as buffer "pos_embed" of the scope: not saved, in the build's float type.
vh::Tensor position_buffer(const vh::Build& build, int64_t positions, int64_t width);

}  // namespace videomae
