#include <ATen/ATen.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <random>

#include "hog_cpu.h"
#include "hog_tile.h"
#include "support/plugin_parts.h"

namespace data = boost::unit_test::data;
using namespace maskfeat;
using namespace plugin_parts;

namespace {

// u8 [T,H,W,C], or a picture.
HogPixels interleaved(const at::Tensor& clip, int64_t frame_step = 1) {
  const int64_t t = clip.size(0), h = clip.size(1), w = clip.size(2), c = clip.size(3);
  return {clip.data_ptr(),
          clip.scalar_type() == at::kByte,
          t / frame_step,
          frame_step,
          t * h * w * c,
          h * w * c,
          w * c,
          c,
          1};
}
// f32 [T,C,H,W].
HogPixels planes(const at::Tensor& clip) {
  const int64_t t = clip.size(0), c = clip.size(1), h = clip.size(2), w = clip.size(3);
  return {clip.data_ptr(), false, t, 1, t * c * h * w, c * h * w, w, 1, h * w};
}

HogShape shape(int64_t frames, int64_t height, int64_t width, int64_t channels, int64_t window = 16,
               int64_t token_h = 2, int64_t token_w = 2) {
  return {frames, height, width, channels, 9, 8, token_h, token_w, window};
}

at::Tensor hog_cpu(const HogPixels& pixels, const HogShape& s, const HogRows* rows = nullptr) {
  const at::Tensor out = at::full({s.frames, s.tokens(), s.features()}, NAN);
  BOOST_REQUIRE(hog_on_cpu(pixels, s, out.data_ptr<float>(), serial_range, rows));
  return out;
}

// The CUDA kernel's phases, one thread after the other.
template <class T>
at::Tensor hog_tiled(const HogPixels& pixels, const HogShape& s, int threads = 96) {
  const at::Tensor out = at::full({s.frames, s.tokens(), s.features()}, NAN);
  HogTiles tiles;
  int64_t blocks = 0;
  BOOST_REQUIRE(hog_tiles(pixels, s, out.data_ptr<float>(), tiles, blocks));
  for (int64_t i = 0; i < blocks; ++i) {
    std::vector<float> shared(static_cast<size_t>(hog_shared(tiles).total()), NAN);
    const HogBlock block = hog_block(tiles, i, shared.data());
    const auto phase = [&](auto fn) {
      for (int thread = 0; thread < threads; ++thread) fn(thread);
    };
    phase([&](int thread) { hog_fill<T>(tiles, block, thread, threads); });
    for (int y = 0; y < tiles.token_h; ++y) {
      phase([&](int thread) { hog_columns_down(tiles, block, y, thread, threads); });
      phase([&](int thread) { hog_add_columns(tiles, block, thread, threads); });
      phase([&](int thread) { hog_normalise(tiles, block, y, thread, threads); });
    }
    phase([&](int thread) { hog_write(tiles, block, thread, threads); });
  }
  return out;
}

at::Tensor noise(at::IntArrayRef sizes) {
  return at::randint(0, 256, sizes, at::detail::createCPUGenerator(3), at::TensorOptions().dtype(at::kByte));
}

int bin_by_angle(double gx, double gy) {
  const int bin = static_cast<int>(std::floor(std::atan2(gx, gy) / std::numbers::pi * 9));
  return (bin + 9) % 9;
}

// A plane that rises by dx and dy per pixel: gx = -8 dx, gy = -8 dy inside. The middle cell's histogram, [9].
at::Tensor ramp_histogram(double dx, double dy) {
  const at::Tensor i = at::arange(24, at::kFloat);
  const at::Tensor plane = (i.view({1, 24}) * dx + i.view({24, 1}) * dy).view({1, 24, 24, 1}).contiguous();
  return hog_cpu(interleaved(plane), shape(1, 24, 24, 1, 0, 1, 1))[0][4];
}

struct Ramp {
  double dx, dy;
};
// Ties first: no horizontal or vertical gradient, both equal. Then pairs beside the borders at 20, 40, 60 and 80
// degrees.
const Ramp kRamps[] = {{0, 1},    {0, -1},   {1, 0},    {-1, 0},   {1, 1},    {-1, -1}, {1, -1},  {-1, 1},
                       {4, 11},   {-4, -11}, {4, -11},  {-4, 11},  {11, 4},   {11, -4}, {26, 31}, {47, 56},
                       {47, -56}, {26, 15},  {71, 41},  {71, -41}, {-71, 41}, {17, 3},  {-17, 3}, {6, 1},
                       {6, -1},   {1, 255},  {-1, 255}, {255, 1},  {-255, 1}};

}  // namespace

BOOST_AUTO_TEST_SUITE(hog_tests)

BOOST_AUTO_TEST_CASE(tangents_decide_every_gradient_of_bytes_as_the_angle_does) {
  int64_t wrong = 0;
  for (int gx = -1020; gx <= 1020; ++gx)
    for (int gy = -1020; gy <= 1020; ++gy) {
      if (gx == 0 && gy == 0) continue;
      float sums[9] = {};
      hog_add(static_cast<float>(gx), static_cast<float>(gy), 1, sums);
      wrong += sums[bin_by_angle(gx, gy)] == 0;
    }
  BOOST_CHECK_EQUAL(wrong, 0);
}

BOOST_DATA_TEST_CASE(a_ramp_has_the_bin_of_its_angle, data::xrange(std::size(kRamps)), row) {
  const auto [dx, dy] = kRamps[row];
  const at::Tensor histogram = ramp_histogram(dx, dy);
  BOOST_TEST_CONTEXT(dx << " " << dy) {
    BOOST_CHECK_EQUAL(histogram.argmax().item<int64_t>(), bin_by_angle(-8 * dx, -8 * dy));
    BOOST_CHECK_CLOSE(histogram.sum().item<double>(), 1, 1e-4);  // all in one
  }
}

BOOST_AUTO_TEST_CASE(horizontal_ramps_lie_in_the_middle_and_vertical_ones_in_bin_0) {
  for (const double sign : {1.0, -1.0}) {
    BOOST_CHECK_EQUAL(ramp_histogram(sign, 0)[4].item<float>(), 1);
    BOOST_CHECK_EQUAL(ramp_histogram(0, sign)[0].item<float>(), 1);
  }
}

BOOST_AUTO_TEST_CASE(flat_cells_are_zero_and_all_others_have_norm_1) {
  at::Tensor picture = noise({1, 32, 32, 3});
  picture.slice(1, 0, 10).slice(2, 0, 10).fill_(77);  // the first cell, and the pixels its gradients see
  const at::Tensor cells = hog_cpu(interleaved(picture), shape(1, 32, 32, 3, 16, 1, 1)).view({16, 3, 9});
  const at::Tensor norm = cells.square().sum(2).sqrt();
  BOOST_CHECK(at::equal(norm[0], at::zeros({3})));
  BOOST_CHECK_SMALL((norm.slice(0, 1) - 1).abs().max().item<double>(), 1e-6);
  BOOST_CHECK_CLOSE(cells.slice(0, 1).square().mean().item<double>(), 1.0 / 9, 1e-4);  // the loss of predicting zeros
}

BOOST_AUTO_TEST_CASE(instruction_sets_and_layouts_give_the_same_bits) {
  for (const int64_t channels : {1, 3, 4})
    for (const int64_t width : {8, 24, 48, 224}) {
      const HogShape s = shape(2, 24, width, channels, 8, 1, 1);
      const at::Tensor bytes = noise({2, 24, width, channels}), floats = bytes.to(at::kFloat);
      const at::Tensor apart = floats.permute({0, 3, 1, 2}).contiguous();
      const at::Tensor want = hog_cpu(interleaved(bytes), s, &hog_rows_base);
      BOOST_CHECK(want.isfinite().all().item<bool>());
      for (const HogRows* rows : hog_rows_here()) BOOST_TEST_CONTEXT(rows->isa << " " << channels << " " << width) {
          BOOST_CHECK(at::equal(want, hog_cpu(interleaved(bytes), s, rows)));
          BOOST_CHECK(at::equal(want, hog_cpu(interleaved(floats), s, rows)));
          BOOST_CHECK(at::equal(want, hog_cpu(planes(apart), s, rows)));
        }
    }
}

// What can be shown of the CUDA kernel without a GPU: all but its launch and barriers.
BOOST_AUTO_TEST_CASE(the_cuda_kernels_phases_give_the_cpu_kernels_bits) {
  const HogShape shapes[] = {shape(2, 32, 48, 3),          shape(1, 224, 224, 3),         shape(1, 48, 80, 3, 0),
                             shape(1, 32, 32, 1, 8, 1, 1), shape(1, 64, 64, 4, 16, 4, 2), shape(1, 16, 16, 2)};
  for (const HogShape& s : shapes) {
    const at::Tensor bytes = noise({s.frames, s.height, s.width, s.channels}), floats = bytes.to(at::kFloat);
    const at::Tensor want = hog_cpu(interleaved(bytes), s);
    for (const int threads : {96, 7}) BOOST_CHECK(at::equal(want, hog_tiled<uint8_t>(interleaved(bytes), s, threads)));
    BOOST_CHECK(at::equal(want, hog_tiled<float>(planes(floats.permute({0, 3, 1, 2}).contiguous()), s)));
  }
}

BOOST_AUTO_TEST_SUITE_END()
