// The depth-wise convolution by which MViT pools queries, keys and values (arXiv:2112.01526, section 3.2).
#pragma once
#include "vhost/cpp/spec.hpp"
#include "vhost/cpp/tensor.hpp"

namespace mvit {

// Cells that a convolution of odd kernel, padded by half of it, leaves: the grid over the stride, rounded up.
vh::Grid pooled(const vh::Grid& grid, const vh::Grid& stride);

// x [B, heads, N, C] tokens of the grid (without class token), contiguous or not; weight [C,1,kt,kh,kw] with odd
// kernels, shared by all heads; returns [B, heads, N', C] on the pooled grid. Padding is half the kernel.
vh::Tensor pool_conv(const vh::Tensor& x, const vh::Grid& grid, const vh::Tensor& weight, const vh::Grid& stride);

}  // namespace mvit
