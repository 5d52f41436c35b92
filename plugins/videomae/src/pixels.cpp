#include "pixels.h"

#include "vhost/cpp/grid.hpp"

namespace videomae {

namespace {

constexpr double kEpsilon = 1e-6;  // outside the square root

// The cube is what one token of the backbone's final map covers.
vh::Grid cube_of(const vh::Specs& in) {
  const vh::Spec features = in["features.0"];
  if (vh::cells(features.grid) < 1 || vh::cells(features.stride) < 1)
    throw vh::argument_error("pixels needs features on a grid, whose cells are the cubes to predict; " + features.key +
                             " [" + features.axes + "] states none");
  return features.stride;
}

// Masked cubes alone can be picked where each is one cell of the mask.
bool picks_masked(const vh::Specs& in) {
  return in.has("mask.masked_index") && in["mask.bool"].dim.at(1) == vh::cells(in["features.0"].grid);
}

}  // namespace

Pixels::Pixels(const vh::Build& build, const Params& params)
    : cube_(cube_of(build.in)),
      dtype_(build.dtype == vh::DType::f64 ? vh::DType::f64 : vh::DType::f32),
      norm_pix_(params.norm_pix),
      masked_only_(picks_masked(build.in)) {
  if (norm_pix_ && vh::cells(cube_) < 2)
    throw vh::param_error("/norm_pix", "needs cubes of at least 2 pixels: a single one has no deviation");
}

std::vector<vh::Spec> Pixels::describe(const vh::Specs& in) const {
  const vh::Spec raw = in["raw"], features = in["features.0"];
  const vh::Grid size{raw.size('T'), raw.size('H'), raw.size('W')};
  for (size_t i = 0; i < 3; ++i)
    if (size[i] != features.grid[i] * cube_[i])
      throw vh::argument_error(vh::str("pixels needs a grid whose cells tile the input: ", features.grid[i],
                                       " cells of ", cube_[i], " samples don't make ", size[i], " along ", "thw"[i]));
  const bool masked = picks_masked(in);
  const int64_t n = masked ? in["mask.masked_index"].dim.at(1) : vh::cells(features.grid);
  return {{.key = "target.pixels",
           .semantic = norm_pix_ ? "pixels.normalised" : "pixels",
           .axes = "BNC",
           .dim = {vh::kBatch, n > 0 ? n : vh::kMasked, vh::cells(cube_) * raw.size('C')},
           .dtype = dtype_,
           .coverage = masked ? VH_MASKED : VH_ALL,
           .grid = features.grid,
           .stride = cube_}};
}

void Pixels::run(const vh::Step& step) const {
  const vh::Tensor raw = step.in("raw"), masked = masked_only_ ? step.in("mask.masked_index") : vh::Tensor();
  const int64_t batch = raw.size(0), channels = raw.size(4), pixels = vh::cells(cube_);
  const vh::Grid grid{raw.size(1) / cube_[0], raw.size(2) / cube_[1], raw.size(3) / cube_[2]};
  vh::Tensor cubes = raw.view({batch, grid[0], cube_[0], grid[1], cube_[1], grid[2], cube_[2], channels})
                         .permute({0, 1, 3, 5, 2, 4, 6, 7})
                         .reshape({batch, vh::cells(grid), pixels * channels});  // B x N x P*C, u8
  if (masked.defined()) cubes = vh::pick(cubes, masked);
  cubes = cubes.to(dtype_) / 255.0;
  if (norm_pix_) {
    const std::vector<int64_t> split{batch, cubes.size(1), pixels, channels};
    cubes = cubes.view(split);
    const vh::Tensor centred = cubes - cubes.mean({2}, /*keepdim=*/true);
    const vh::Tensor variance = (centred * centred).sum({2}, /*keepdim=*/true) / static_cast<double>(pixels - 1);
    cubes = (centred / (vh::ops::sqrt(variance) + kEpsilon)).view({batch, split[1], pixels * channels});
  }
  step.out("target.pixels", cubes);
}

}  // namespace videomae
