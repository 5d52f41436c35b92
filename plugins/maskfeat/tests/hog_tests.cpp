#include <ATen/ATen.h>
#include <ATen/Parallel.h>

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

// What the part gets for clips of t x h x w whose tokens cover `token` samples.
vh_specs clip_specs(const std::vector<int64_t>& size, const std::vector<int64_t>& token, bool raw = true) {
  Spec features = spec("features.0", "features", "BNC", {VH_DIM_BATCH, 1, 8});
  for (size_t i = 0; i < 3; ++i) features.c.stride[i] = token[i], features.c.grid[i] = size[i] / token[i];
  features.c.dim[1] = features.c.grid[0] * features.c.grid[1] * features.c.grid[2];
  vh_specs all = specs({features, spec("input", "input", "BCTHW", {VH_DIM_BATCH, 3, size[0], size[1], size[2]})});
  if (raw) all.add(spec("raw", "input", "BTHWC", {VH_DIM_BATCH, size[0], size[1], size[2], 3}, VH_U8));
  return all;
}

at::Tensor hog_part(const at::Tensor& raw, const std::vector<int64_t>& token, const json::object& params = {}) {
  const vh_specs in = clip_specs({raw.size(1), raw.size(2), raw.size(3)}, token);
  TestPart part(VH_TARGET_1, "maskfeat/hog", params);
  part.create(in);
  const vh_specs out_specs = part.describe(in);
  const Spec& described = *out_specs.find("target.hog");
  const at::Tensor out = part.run({{"raw", raw}}).at("target.hog");
  BOOST_CHECK_EQUAL(described.axes, "BNC");
  BOOST_CHECK_EQUAL(described.c.coverage, VH_ALL);
  BOOST_CHECK_EQUAL(described.c.dim[1], out.size(1));
  BOOST_CHECK_EQUAL(described.c.dim[2], out.size(2));
  return out;
}

struct Misfit {
  const char* params;
  std::vector<int64_t> size, token;
  const char* message;
};
const Misfit kMisfits[] = {
    {R"({"cell": 7})",
     {1, 32, 32},
     {1, 16, 16},
     "/part/cell: maskfeat/hog: cells of 7 pixels don't tile tokens of 16x16"},
    {R"({})", {1, 32, 32}, {1, 4, 4}, "cells of 8 pixels don't tile tokens of 4x4; it must divide both"},
    {R"({"gaussian_window": 16})",
     {1, 40, 32},
     {1, 8, 8},
     "/part/gaussian_window: maskfeat/hog: 16 doesn't tile pictures of 40x32"},
    {R"({"bins": 1})", {1, 32, 32}, {1, 16, 16}, "/part/bins: must be at least 2"},
    {R"({"implementation": "gpu"})", {1, 32, 32}, {1, 16, 16}, "/part/implementation: must be one of"},
    {R"({})",
     {3, 32, 32},
     {2, 16, 16},
     "hog needs a grid whose cells tile the input: 1 cells of 2 samples don't make 3 along t"},
};

void make_misfit(const Misfit& m) {
  TestPart part(VH_TARGET_1, "maskfeat/hog", json::parse(m.params).as_object());
  const vh_specs in = clip_specs(m.size, m.token);
  part.create(in);
  part.describe(in);
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
      wrong += hog_bin(static_cast<float>(gx), static_cast<float>(gy)) != bin_by_angle(gx, gy);
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

BOOST_AUTO_TEST_CASE(the_target_of_a_clip_is_that_of_each_tubelets_first_frame) {
  const at::Tensor raw = noise({2, 6, 32, 48, 3});
  const at::Tensor clip = hog_part(raw, {2, 16, 16});
  BOOST_CHECK_EQUAL(clip.sizes(), at::IntArrayRef({2, 18, 108}));
  for (int64_t t = 0; t < 3; ++t)
    BOOST_CHECK(
        at::equal(clip.slice(1, 6 * t, 6 * t + 6), hog_part(raw.slice(1, 2 * t, 2 * t + 1).contiguous(), {1, 16, 16})));
}

// In a picture that is flat but for a bar inside the cell dy 1, dx 0 of token 3, in the green channel.
BOOST_AUTO_TEST_CASE(features_are_ordered_by_channel_bin_and_cell) {
  at::Tensor raw = at::zeros({1, 1, 32, 32, 3}, at::kByte);
  raw.slice(2, 26, 30).slice(3, 20, 22).select(4, 1).fill_(200);
  const at::Tensor token = hog_part(raw, {1, 16, 16}, {{"gaussian_window", 0}})[0][3];
  const int64_t green = 1, dy = 1, dx = 0;
  const at::Tensor cell = token.view({3, 9, 2, 2}).select(3, dx).select(2, dy)[green];
  BOOST_CHECK_CLOSE(cell.square().sum().item<double>(), 1, 1e-4);
  BOOST_CHECK_CLOSE(token.square().sum().item<double>(), 1, 1e-4);
  BOOST_CHECK_EQUAL(cell.argmax().item<int64_t>(), 4);
  BOOST_CHECK_EQUAL(token.argmax().item<int64_t>(), ((green * 9 + 4) * 2 + dy) * 2 + dx);
}

BOOST_AUTO_TEST_CASE(many_threads_give_the_bits_of_one) {
  const at::Tensor raw = noise({5, 1, 64, 64, 3});
  const int threads = at::get_num_threads();
  at::set_num_threads(4);
  const at::Tensor many = hog_part(raw, {1, 16, 16});
  at::set_num_threads(threads);
  const at::Tensor one = hog_cpu(interleaved(raw.squeeze(1)), shape(5, 64, 64, 3));
  BOOST_CHECK(at::equal(many, one));
}

BOOST_AUTO_TEST_CASE(without_raw_pixels_the_input_serves) {
  const at::Tensor raw = noise({2, 2, 32, 32, 3});
  TestPart part(VH_TARGET_1, "maskfeat/hog");
  part.create(clip_specs({2, 32, 32}, {2, 16, 16}, /*raw=*/false));
  const at::Tensor input = raw.to(at::kFloat).permute({0, 4, 1, 2, 3}) * 0.5 - 7;
  BOOST_CHECK(at::allclose(part.run({{"input", input}}).at("target.hog"), hog_part(raw, {2, 16, 16}), 0, 1e-6));
}

BOOST_AUTO_TEST_CASE(shapes_on_meta_tensors_are_those_of_a_run) {
  const vh_specs in = clip_specs({4, 32, 48}, {2, 16, 16});
  const at::Tensor raw = noise({2, 4, 32, 48, 3});
  for (const char* implementation : {"auto", "operators"}) {
    TestPart part(VH_TARGET_1, "maskfeat/hog", {{"implementation", implementation}});
    part.create_meta(in);
    const at::Tensor out = part.run({{"raw", raw.to(at::kMeta)}}).at("target.hog");
    BOOST_CHECK_EQUAL(out.sizes(), at::IntArrayRef({2, 12, 108}));
    BOOST_CHECK_EQUAL(out.scalar_type(), at::kFloat);
  }
}

BOOST_DATA_TEST_CASE(misfits_are_refused_by_what_to_change, data::xrange(std::size(kMisfits)), row) {
  BOOST_CHECK_EXCEPTION(make_misfit(kMisfits[row]), std::exception, HasReason{kMisfits[row].message});
}

BOOST_AUTO_TEST_CASE(features_without_a_grid_are_refused) {
  TestPart part(VH_TARGET_1, "maskfeat/hog");
  const vh_specs in = specs({spec("features.0", "features", "BC", {VH_DIM_BATCH, 8}), input(1, 32)});
  BOOST_CHECK_EXCEPTION(part.create(in), std::exception,
                        HasReason{"hog needs features on a grid, whose tokens' gradients are to be predicted"});
}

BOOST_AUTO_TEST_SUITE_END()
