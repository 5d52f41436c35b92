#include <boost/test/unit_test.hpp>

#include "base/error.h"
#include "engine/sample_sheet.h"

using namespace vhost;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

InputLayout layout_of(int64_t frames, int64_t size) {
  InputLayout layout;
  layout.frames = frames, layout.height = layout.width = size;
  return layout;
}

Spec target_spec(const std::string& semantic, std::array<int64_t, 3> grid, std::array<int64_t, 3> stride,
                 int64_t width) {
  Spec spec;
  spec.key = "target.x", spec.semantic = semantic, spec.axes = "BNC";
  spec.c.rank = 3;
  spec.c.dim[0] = VH_DIM_BATCH, spec.c.dim[1] = grid[0] * grid[1] * grid[2], spec.c.dim[2] = width;
  std::copy(grid.begin(), grid.end(), spec.c.grid);
  std::copy(stride.begin(), stride.end(), spec.c.stride);
  return spec;
}

double far(const at::Tensor& a, const at::Tensor& b) {
  return a.sizes() == b.sizes() ? (a - b).abs().max().item<double>() : kInf;
}

// A clip of 4 frames of 16 x 16 in cubes of 2 x 8 x 8, and what VideoMAE's target would be.
struct Clip {
  Drawable drawable = drawable_of(target_spec("pixels.normalised", {2, 2, 2}, {2, 8, 8}, 384), layout_of(4, 16));
  at::Tensor clip = at::arange(4 * 16 * 16 * 3, at::kFloat).mul(0.37).sin().mul(0.4).add(0.5).view({4, 16, 16, 3});
  at::Tensor cubes = cubes_of(clip, drawable);
  at::Tensor target() const {
    const CubeStatistics s = statistics_of(cubes);
    return (cubes - s.mean) / (s.deviation + kCubeEpsilon);
  }
  SampleView view(const at::Tensor& prediction) const {
    SampleView view;
    view.captions = {"clip.mp4"};
    view.clip = clip;
    view.mask = at::zeros({2, 2, 2}, at::kBool);
    view.mask[0][0][1] = view.mask[1][0][1] = true;
    view.drawable = drawable;
    view.target = target().view({8, 384});
    view.prediction = prediction.view({8, 384});
    return view;
  }
};

std::string refused(const Spec& spec) {
  try {
    drawable_of(spec, layout_of(4, 16));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(show_tests)

BOOST_AUTO_TEST_CASE(semantics_name_layouts) {
  const InputLayout image = layout_of(1, 32);
  BOOST_TEST((drawable_of(target_spec("pixels", {1, 4, 4}, {1, 8, 8}, 192), image).as == Drawn::pixels));
  const Drawable hog = drawable_of(target_spec("hog", {1, 2, 2}, {1, 16, 16}, 108), image);
  BOOST_TEST((hog.as == Drawn::hog));
  BOOST_TEST(hog.bins == 9);
  BOOST_TEST(hog.cell_w == 2);
  const Drawable other = drawable_of(target_spec("hog.6x4", {1, 2, 2}, {1, 16, 16}, 6 * 3 * 16), image);
  BOOST_TEST((other.as == Drawn::hog));
  BOOST_TEST(other.bins == 6);
  BOOST_TEST(other.cell_h == 4);
  BOOST_TEST((drawable_of(target_spec("target", {1, 2, 2}, {1, 16, 16}, 5), image).as == Drawn::norms));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_its_semantic_is_drawn_as_sizes_and_says_why) {
  const InputLayout image = layout_of(1, 32);
  const Drawable narrow = drawable_of(target_spec("pixels", {1, 4, 4}, {1, 8, 8}, 100), image);
  BOOST_TEST((narrow.as == Drawn::norms));
  BOOST_TEST(narrow.note == "100 values per token are not the 192 of \"pixels\"");
  BOOST_TEST(drawable_of(target_spec("hog.9x5", {1, 2, 2}, {1, 16, 16}, 108), image).note ==
             "cells of 5 pixels don't tile tokens of 16 x 16");
  BOOST_TEST(drawable_of(target_spec("pixels", {1, 3, 3}, {1, 8, 8}, 192), image).note ==
             "its grid doesn't tile the input");
  Spec flat = target_spec("target", {0, 0, 0}, {0, 0, 0}, 5);
  BOOST_TEST(refused(flat).find("\"target.x\" has no grid of tokens") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(cubes_are_in_the_order_t_h_w_channel) {
  const Clip c;
  BOOST_TEST(far(clip_of(c.cubes, c.drawable), c.clip) == 0);
  // Token (1, 0, 1), pixel (1, 2, 3), channel 2.
  BOOST_TEST(c.cubes[5][64 + 2 * 8 + 3][2].item<float>() == c.clip[3][2][11][2].item<float>());
}

BOOST_AUTO_TEST_CASE(with_true_statistics_a_perfect_prediction_is_the_input) {
  const Clip c;
  BOOST_TEST(far(denormalised(c.target(), statistics_of(c.cubes)), c.cubes) < 1e-6);
}

BOOST_AUTO_TEST_CASE(honest_statistics_know_nothing_of_masked_cubes) {
  const Clip c;
  const at::Tensor masked = at::zeros({8}, at::kBool);
  masked[1] = masked[5] = true;
  at::Tensor changed = c.cubes.clone();
  changed[1].fill_(0.9);
  changed[5].mul_(0.1);
  const CubeStatistics before = visible_statistics(statistics_of(c.cubes), masked),
                       after = visible_statistics(statistics_of(changed), masked);
  BOOST_TEST(far(before.mean, after.mean) == 0);
  BOOST_TEST(far(before.deviation, after.deviation) == 0);
  changed[0].mul_(0.1);
  BOOST_TEST(far(before.mean, visible_statistics(statistics_of(changed), masked).mean) > 1e-3);
  const CubeStatistics none = visible_statistics(statistics_of(c.cubes), at::ones({8}, at::kBool));
  BOOST_TEST(far(none.mean, at::full({8, 1, 3}, 0.5)) == 0);
}

BOOST_AUTO_TEST_CASE(histograms_lie_where_their_pixels_do) {
  const Drawable d = drawable_of(target_spec("hog", {2, 2, 2}, {2, 16, 16}, 108), layout_of(4, 32));
  at::Tensor tokens = at::zeros({8, 108});
  for (int64_t channel = 0; channel < 3; ++channel)
    tokens[4 + 1][((channel * 9 + 7) * 2 + 1) * 2 + 0] = channel;  // t 1, h 0, w 1; bin 7, dy 1, dx 0
  std::vector<Shade> shades(8, Shade::plain);
  shades[5] = Shade::dimmed;
  const OrientationMap map = orientations_of(tokens, d, 1, shades);
  BOOST_TEST(map.rows == 4);
  const size_t cell = 1 * 4 + 2;
  for (size_t i = 0; i < map.weights.size(); ++i) BOOST_TEST(map.weights[i] == (i == cell * 9 + 7 ? 1.0f : 0.0f));
  BOOST_TEST((map.shades[cell] == Shade::dimmed));
  BOOST_TEST((map.shades[cell - 1] == Shade::plain));
}

BOOST_AUTO_TEST_CASE(errors_count_masked_tokens_only) {
  const Clip c;
  at::Tensor prediction = c.target().clone();
  prediction[0].add_(100);  // visible
  prediction[1].add_(2);    // masked
  const TokenErrors errors = token_errors(c.view(prediction));
  BOOST_TEST(errors.tokens == 2);
  BOOST_TEST(std::abs(errors.prediction - 2.0) < 1e-4);     // (4 + 0) / 2
  BOOST_TEST(std::abs(errors.zeros - 127.0 / 128) < 1e-3);  // unbiased deviation of 128 pixels
}

// The rows of the sheet for a perfect prediction: input and leaking reconstruction are the same, the honest one isn't.
BOOST_AUTO_TEST_CASE(the_sheet_of_a_clip) {
  const Clip c;
  const SampleView view = c.view(c.target());
  const Picture sheet = sample_sheet({view}, "title");
  const int tile = 192, gap = 12, rows = 6, header = 13;
  const int top = 20 + 14 + 20 + header, left = sheet.width - 20 - 2 * tile - 4;
  BOOST_TEST(sheet.height == top + rows * tile + (rows - 1) * gap + 20);
  const auto differing = [&](int row, int other) {
    int64_t differ = 0;
    for (int y = 0; y < tile; ++y)
      for (int x = 0; x < 3 * (2 * tile + 4); ++x) {
        const auto at = [&](int r) {
          return sheet.rgb[(static_cast<size_t>(top + r * (tile + gap) + y) * sheet.width + left) * 3 + x];
        };
        differ += std::abs(at(row) - at(other)) > 1;
      }
    return differ;
  };
  BOOST_TEST(differing(0, 4) == 0);
  BOOST_TEST(differing(0, 5) > 1000);
  BOOST_TEST(differing(0, 1) > 1000);
}

BOOST_AUTO_TEST_SUITE_END()
