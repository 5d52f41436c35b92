#include "pool_conv.h"

namespace mvit {

namespace {

// Only the kernel's middle slice meets a single frame. See Note [Single frames] in vhost/cpp/nn.hpp.
vh::Tensor convolve_frame(const vh::Tensor& maps, const vh::Tensor& weight, const vh::Grid& stride) {
  const vh::Ints k = weight.sizes();
  return vh::ops::conv2d(maps.squeeze(2), weight.select(2, k[2] / 2), {}, {stride[1], stride[2]}, {k[3] / 2, k[4] / 2},
                         {1, 1}, weight.size(0));
}

vh::Tensor convolve(const vh::Tensor& maps, const vh::Tensor& weight, const vh::Grid& stride) {
  const vh::Ints k = weight.sizes();
  return vh::ops::conv3d(maps, weight, {}, {stride[0], stride[1], stride[2]}, {k[2] / 2, k[3] / 2, k[4] / 2}, {1, 1, 1},
                         weight.size(0));
}

}  // namespace

vh::Grid pooled(const vh::Grid& grid, const vh::Grid& stride) {
  vh::Grid out;
  for (size_t i = 0; i < 3; ++i) out[i] = (grid[i] + stride[i] - 1) / stride[i];
  return out;
}

vh::Tensor pool_conv(const vh::Tensor& x, const vh::Grid& grid, const vh::Tensor& weight, const vh::Grid& stride) {
  const int64_t b = x.size(0), heads = x.size(1), width = x.size(3);
  const vh::Tensor maps = x.transpose(2, 3).reshape({b * heads, width, grid[0], grid[1], grid[2]});
  const vh::Tensor y = grid[0] == 1 ? convolve_frame(maps, weight, stride) : convolve(maps, weight, stride);
  return y.view({b, heads, width, vh::cells(pooled(grid, stride))}).transpose(2, 3);  // B x heads x N' x C
}

}  // namespace mvit
