#include "hog_ops.h"

#include <numbers>

#include "vhost/cpp/tensor.hpp"

namespace maskfeat {

namespace {

using vh::Tensor;

// One more value at each end of the axis. By concatenation: reflection padding doesn't run on meta tensors.
Tensor reflect(const Tensor& x, int64_t axis) {
  return vh::ops::cat({x.slice(axis, 1, 2), x, x.slice(axis, x.size(axis) - 2, x.size(axis) - 1)}, axis);
}

// x [..,n + 2] -> the sum 1 2 1 and the difference before - after of neighbours along an axis, both [..,n].
Tensor smooth(const Tensor& x, int64_t axis) {
  const int64_t n = x.size(axis) - 2;
  return x.slice(axis, 0, n) + x.slice(axis, 1, n + 1) * 2 + x.slice(axis, 2, n + 2);
}
Tensor slope(const Tensor& x, int64_t axis) {
  const int64_t n = x.size(axis) - 2;
  return x.slice(axis, 0, n) - x.slice(axis, 2, n + 2);
}

Tensor bin_of(const Tensor& gx, const Tensor& gy, int64_t bins) {
  const Tensor angle = vh::ops::atan2(gx.to(vh::DType::f64), gy.to(vh::DType::f64));
  const Tensor turn = vh::ops::floor(angle / std::numbers::pi * bins);  // in this order: half a turn is exactly `bins`
  return vh::ops::remainder_scalar(turn, bins).to(vh::DType::i64);
}

// The tiled window along n pixels, [n]; its values over one tile add up to 1.
Tensor window(int64_t side, int64_t n, const Tensor& like) {
  const auto gauss = [&](int64_t length) {
    const Tensor i = vh::ops::remainder_scalar(vh::ops::arange(0, length, vh::DType::f64, like.device()), side);
    const Tensor z = (i - hog_window_centre(side)) / hog_window_deviation(side);
    return vh::ops::exp(z * z * -0.5);
  };
  return (gauss(n) / gauss(side).sum()).to(like.dtype());
}

// [N,C,H,W] -> [N,C,cells_h,cells_w,cell * cell].
Tensor by_cell(const Tensor& x, const HogShape& s) {
  return x.reshape({x.size(0), s.channels, s.cells_h(), s.cell, s.cells_w(), s.cell})
      .permute({0, 1, 2, 4, 3, 5})
      .reshape({x.size(0), s.channels, s.cells_h(), s.cells_w(), s.cell * s.cell});
}

}  // namespace

Tensor hog_by_operators(const Tensor& frames, const HogShape& s) {
  const int64_t n = frames.size(0);
  const Tensor padded = reflect(reflect(frames, 2), 3);
  const Tensor gx = slope(smooth(padded, 2), 3), gy = smooth(slope(padded, 2), 3);  // N x C x H x W
  Tensor weight = vh::ops::sqrt(gx * gx + gy * gy);
  if (s.window > 0)
    weight = weight * window(s.window, s.height, frames).unsqueeze(1) * window(s.window, s.width, frames);
  const Tensor zeros =
      vh::ops::zeros({n, s.channels, s.cells_h(), s.cells_w(), s.bins}, frames.dtype(), frames.device());
  Tensor cells = vh::ops::scatter_add(zeros, -1, by_cell(bin_of(gx, gy, s.bins), s), by_cell(weight, s));
  const Tensor norm = vh::ops::sqrt((cells * cells).sum({-1}, /*keepdim=*/true));
  cells = cells / vh::ops::clamp_min(norm, kHogEpsilon);  // N x C x cells_h x cells_w x bins
  const int64_t h = s.cells_h() / s.token_h, w = s.cells_w() / s.token_w;
  return cells.reshape({n, s.channels, h, s.token_h, w, s.token_w, s.bins})
      .permute({0, 2, 4, 1, 6, 3, 5})
      .reshape({n, h * w, s.features()});
}

}  // namespace maskfeat
