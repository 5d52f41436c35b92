// Targets that the host can draw, known by their spec's semantic: docs/pictures.md. All on the CPU in fp32.
#pragma once
#include <ATen/ATen.h>

#include <string>
#include <vector>

#include "assembly/input.h"
#include "report/glyphs.h"

namespace vhost {

enum class Drawn { pixels, normalised_pixels, hog, norms };

// norms: nothing is known of the values, so that only their length can be drawn.
struct Drawable {
  Drawn as = Drawn::norms;
  std::array<int64_t, 3> grid{}, stride{};  // t, h, w: cells; input samples of a cell
  int64_t channels = 3;
  int64_t bins = 9, cell_h = 0, cell_w = 0;  // hog: cells of histograms in a token
  std::string note;                          // why it is not drawn as its semantic says; "" = it is, or it says nothing

  int64_t tokens() const { return grid[0] * grid[1] * grid[2]; }
};

// "pixels", "pixels.normalised", "hog" or "hog.BINSxCELL"; anything else is drawn as norms. Throws Error if the target
// has no grid of tokens.
Drawable drawable_of(const Spec& target, const InputLayout& layout);

// Deviations are divided into pixels with this added, as VideoMAE does.
constexpr double kCubeEpsilon = 1e-6;

// clip [T,H,W,C] <-> the cubes of its tokens [N,P,C], pixels in the order t, h, w.
at::Tensor cubes_of(const at::Tensor& clip, const Drawable& target);
at::Tensor clip_of(const at::Tensor& cubes, const Drawable& target);

// Of each cube and channel, [N,1,C]; the deviation is the square root of the unbiased variance.
struct CubeStatistics {
  at::Tensor mean, deviation;
};
CubeStatistics statistics_of(const at::Tensor& cubes);
// The average over the cubes that `masked` [N] leaves visible, for every cube: what a model that doesn't see the others
// could know. Without a visible cube: mid grey.
CubeStatistics visible_statistics(const CubeStatistics& all, const at::Tensor& masked);

// Normalised cubes [N,P,C] back to brightness.
at::Tensor denormalised(const at::Tensor& cubes, const CubeStatistics& statistics);

// hog tokens [N,F] at token time t -> the histograms' map, averaged over channels. shades: of tokens, [N].
OrientationMap orientations_of(const at::Tensor& tokens, const Drawable& target, int64_t t,
                               const std::vector<Shade>& shades);

}  // namespace vhost
