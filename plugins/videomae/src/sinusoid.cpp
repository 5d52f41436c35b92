#include "sinusoid.h"

#include <cmath>

#include "vhost/cpp/tensor.hpp"

namespace videomae {

std::vector<float> sinusoid(int64_t positions, int64_t width) {
  std::vector<float> table(static_cast<size_t>(positions * width));
  for (int64_t j = 0; j < width; ++j) {
    const double divisor = std::pow(10000.0, 2.0 * static_cast<double>(j / 2) / static_cast<double>(width));
    for (int64_t p = 0; p < positions; ++p) {
      const double angle = static_cast<double>(p) / divisor;
      table[static_cast<size_t>(p * width + j)] = static_cast<float>(j % 2 ? std::cos(angle) : std::sin(angle));
    }
  }
  return table;
}

vh::Tensor position_buffer(const vh::Build& build, int64_t positions, int64_t width) {
  const std::vector<int64_t> size{positions, width};
  const vh::Tensor value = build.meta ? vh::ops::zeros(size, vh::DType::f32, build.device)
                                      : vh::from_host(sinusoid(positions, width).data(), size, vh::DType::f32, {});
  return build.scope.buffer("pos_embed", build.dtype == vh::DType::f64 ? value.to(vh::DType::f64) : value,
                            /*saved=*/false);
}

}  // namespace videomae
