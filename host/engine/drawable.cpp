#include "engine/drawable.h"

#include <cstdio>

#include "base/error.h"

namespace vhost {

namespace {

std::string times(int64_t a, int64_t b) {
  return std::to_string(a) + " x " + std::to_string(b);
}

// Fills in what is known of the layout; says in `note` why the width doesn't fit.
void as_hog(const Spec& target, Drawable& out) {
  int bins = 9, cell = 8;
  if (target.semantic != "hog" && std::sscanf(target.semantic.c_str(), "hog.%dx%d", &bins, &cell) != 2) return;
  if (bins < 1 || cell < 1 || out.stride[1] % cell != 0 || out.stride[2] % cell != 0) {
    out.note =
        "cells of " + std::to_string(cell) + " pixels don't tile tokens of " + times(out.stride[1], out.stride[2]);
    return;
  }
  out.bins = bins, out.cell_h = out.stride[1] / cell, out.cell_w = out.stride[2] / cell;
  out.as = Drawn::hog;
}

int64_t width_of(const Drawable& out) {
  if (out.as == Drawn::hog) return out.channels * out.bins * out.cell_h * out.cell_w;
  return out.stride[0] * out.stride[1] * out.stride[2] * out.channels;
}

}  // namespace

Drawable drawable_of(const Spec& target, const InputLayout& layout) {
  Drawable out;
  std::copy(target.c.grid, target.c.grid + 3, out.grid.begin());
  std::copy(target.c.stride, target.c.stride + 3, out.stride.begin());
  out.channels = layout.channels;
  if (target.axes != "BNC" || out.tokens() < 1)
    throw Error("the target \"" + target.key +
                "\" has no grid of tokens, so there is nothing to draw: " + target.str());
  const std::array<int64_t, 3> size{layout.frames, layout.height, layout.width};
  for (size_t i = 0; i < 3; ++i)
    if (out.stride[i] < 1) out.stride[i] = std::max<int64_t>(1, size[i] / out.grid[i]);
  if (target.semantic == "pixels") out.as = Drawn::pixels;
  if (target.semantic == "pixels.normalised") out.as = Drawn::normalised_pixels;
  if (target.semantic.starts_with("hog")) as_hog(target, out);
  if (out.as == Drawn::norms) return out;
  bool tiles = true;
  for (size_t i = 0; i < 3; ++i) tiles &= out.grid[i] * out.stride[i] == size[i];
  if (!tiles || (target.c.dim[2] != width_of(out))) {
    out.note = std::to_string(target.c.dim[2]) + " values per token are not the " + std::to_string(width_of(out)) +
               " of \"" + target.semantic + "\"";
    if (!tiles) out.note = "its grid doesn't tile the input";
    out.as = Drawn::norms;
  }
  return out;
}

at::Tensor cubes_of(const at::Tensor& clip, const Drawable& d) {
  const auto& [t, h, w] = d.grid;
  const auto& [st, sh, sw] = d.stride;
  return clip.view({t, st, h, sh, w, sw, d.channels})
      .permute({0, 2, 4, 1, 3, 5, 6})
      .reshape({d.tokens(), st * sh * sw, d.channels});
}

at::Tensor clip_of(const at::Tensor& cubes, const Drawable& d) {
  const auto& [t, h, w] = d.grid;
  const auto& [st, sh, sw] = d.stride;
  return cubes.reshape({t, h, w, st, sh, sw, d.channels})
      .permute({0, 3, 1, 4, 2, 5, 6})
      .reshape({t * st, h * sh, w * sw, d.channels});
}

CubeStatistics statistics_of(const at::Tensor& cubes) {
  const at::Tensor mean = cubes.mean(1, /*keepdim=*/true);
  const at::Tensor centred = cubes - mean;
  const double divisor = static_cast<double>(std::max<int64_t>(1, cubes.size(1) - 1));
  return {mean, ((centred * centred).sum(1, /*keepdim=*/true) / divisor).sqrt()};
}

CubeStatistics visible_statistics(const CubeStatistics& all, const at::Tensor& masked) {
  const at::Tensor visible = masked.logical_not().nonzero().squeeze(1);
  const auto average = [&](const at::Tensor& of, double without) {
    const at::Tensor one = visible.numel() > 0 ? of.index_select(0, visible).mean(0, /*keepdim=*/true)
                                               : at::full_like(of.slice(0, 0, 1), without);
    return one.expand_as(of);
  };
  return {average(all.mean, 0.5), average(all.deviation, 0.25)};
}

at::Tensor denormalised(const at::Tensor& cubes, const CubeStatistics& statistics) {
  return cubes * (statistics.deviation + kCubeEpsilon) + statistics.mean;
}

OrientationMap orientations_of(const at::Tensor& tokens, const Drawable& d, int64_t t,
                               const std::vector<Shade>& shades) {
  const int64_t h = d.grid[1], w = d.grid[2], rows = h * d.cell_h, columns = w * d.cell_w;
  const at::Tensor map = tokens.slice(0, t * h * w, (t + 1) * h * w)
                             .reshape({h, w, d.channels, d.bins, d.cell_h, d.cell_w})
                             .mean(2)
                             .permute({0, 3, 1, 4, 2})  // h x dy x w x dx x bins
                             .nan_to_num(0)
                             .contiguous();
  OrientationMap out{static_cast<int>(rows), static_cast<int>(columns), static_cast<int>(d.bins), {}, {}};
  out.weights.assign(map.data_ptr<float>(), map.data_ptr<float>() + map.numel());
  for (int64_t y = 0; y < rows && !shades.empty(); ++y)
    for (int64_t x = 0; x < columns; ++x) out.shades.push_back(shades[t * h * w + y / d.cell_h * w + x / d.cell_w]);
  return out;
}

}  // namespace vhost
