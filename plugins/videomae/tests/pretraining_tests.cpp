#include <ATen/ATen.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <numeric>

#include "support/plugin_parts.h"
#include "vhost/random.h"

namespace data = boost::unit_test::data;
using namespace plugin_parts;

namespace {

class TubeMask {
 public:
  explicit TubeMask(double ratio) : part_(VH_MASK_1, "videomae/tube", {{"ratio", ratio}}) { part_.create({}); }
  int64_t count(const std::vector<int64_t>& grid) const {
    int64_t least = 0, most = 0;
    vh_error error = vhost::new_error();
    part_.part().check(table().counts(part_.part().self(), grid.data(), &least, &most, &error), error);
    BOOST_CHECK_EQUAL(least, most);
    return least;
  }
  std::vector<uint8_t> draw(const std::vector<int64_t>& grid, uint64_t seed) const {
    std::vector<uint8_t> mask(static_cast<size_t>(grid[0] * grid[1] * grid[2]), 7);
    vh_error error = vhost::new_error();
    part_.part().check(table().draw(part_.part().self(), grid.data(), seed, mask.data(), &error), error);
    return mask;
  }

 private:
  const vh_mask_1& table() const { return part_.table<vh_mask_1>(); }
  TestPart part_;
};

// The target for raw pixels [B,T,H,W,C] with cubes of 2 x p x p.
at::Tensor pixels(const at::Tensor& raw, int64_t patch, bool norm_pix, const at::Tensor& masked = {}) {
  const int64_t t = raw.size(1) / 2, h = raw.size(2) / patch, w = raw.size(3) / patch;
  Spec features = spec("features.0", "features", "BNC", {VH_DIM_BATCH, t * h * w, 8});
  const int64_t grid[] = {t, h, w}, stride[] = {2, patch, patch};
  std::copy(grid, grid + 3, features.c.grid);
  std::copy(stride, stride + 3, features.c.stride);
  vh_specs in = specs({features, spec("raw", "input", "BTHWC",
                                      {VH_DIM_BATCH, raw.size(1), raw.size(2), raw.size(3), raw.size(4)}, VH_U8)});
  std::map<std::string, at::Tensor> tensors{{"raw", raw}};
  if (masked.defined()) {
    add_mask(in, "drop", t * h * w, masked.size(1));
    tensors["mask.masked_index"] = masked;
  }
  TestPart target(VH_TARGET_1, "videomae/pixels", {{"norm_pix", norm_pix}});
  target.create(in);
  const Spec described = *target.describe(in).find("target.pixels");
  const at::Tensor out = target.run(tensors).at("target.pixels");
  BOOST_CHECK_EQUAL(described.c.coverage, masked.defined() ? VH_MASKED : VH_ALL);
  BOOST_CHECK_EQUAL(described.c.dim[1], out.size(1));
  BOOST_CHECK_EQUAL(described.c.dim[2], out.size(2));
  return out;
}

vh_specs loss_specs(int32_t coverage, int64_t tokens, bool weight) {
  Spec pred = spec("pred", "tokens", "BNC", {VH_DIM_BATCH, tokens, 4});
  Spec target = spec("target", "target", "BNC", {VH_DIM_BATCH, tokens, 4}, VH_F32);
  pred.c.coverage = target.c.coverage = coverage;
  vh_specs in = specs({pred, target, spec("sample_weight", "weight", "B", {VH_DIM_BATCH}, VH_F32)});
  if (weight) in.add(spec("weight", "weight", "BN", {VH_DIM_BATCH, tokens}, VH_F32));
  return in;
}

uint32_t divisor_of(const TestPart& loss) {
  uint32_t kind = 99;
  vh_error error = vhost::new_error();
  loss.part().check(loss.table<vh_loss_1>().normaliser(loss.part().self(), &kind, &error), error);
  return kind;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pretraining_tests)

BOOST_AUTO_TEST_CASE(a_tube_masks_the_truncated_share_of_each_frame) {
  BOOST_CHECK_EQUAL(TubeMask(0.9).count({8, 14, 14}), 8 * 176);
  BOOST_CHECK_EQUAL(TubeMask(0.75).count({8, 14, 14}), 8 * 147);
  BOOST_CHECK_EQUAL(TubeMask(0.9).count({4, 4, 4}), 4 * 14);
}

BOOST_AUTO_TEST_CASE(a_tube_is_the_same_in_every_frame_and_depends_on_the_seed_alone) {
  const TubeMask tube(0.75);
  const std::vector<int64_t> grid{3, 4, 5};
  const std::vector<uint8_t> mask = tube.draw(grid, 11);
  BOOST_CHECK_EQUAL(std::accumulate(mask.begin(), mask.end(), 0), tube.count(grid));
  for (size_t i = 20; i < mask.size(); ++i) BOOST_CHECK_EQUAL(mask[i], mask[i - 20]);
  BOOST_CHECK(mask == tube.draw(grid, 11));
  BOOST_CHECK(mask != tube.draw(grid, 12));
}

BOOST_AUTO_TEST_CASE(a_tube_masks_every_cell_equally_often) {
  const TubeMask tube(0.5);
  const int draws = 4000;
  std::vector<int> often(16);
  for (int i = 0; i < draws; ++i) {
    const std::vector<uint8_t> mask = tube.draw({1, 4, 4}, vh_hash2(5, static_cast<uint64_t>(i)));
    for (size_t k = 0; k < 16; ++k) often[k] += mask[k];
  }
  for (int n : often)
    BOOST_CHECK_SMALL(n / static_cast<double>(draws) - 0.5, 5 * 0.5 / std::sqrt(draws));  // five sigma
}

BOOST_AUTO_TEST_CASE(a_tube_that_leaves_nothing_visible_is_refused) {
  BOOST_CHECK_EXCEPTION(TubeMask(1.0).count({2, 4, 4}), std::exception,
                        HasReason{"/part/ratio: videomae/tube: masks all 16 cells of a frame"});
  BOOST_CHECK_EXCEPTION(TubeMask(0.05).count({2, 4, 4}), std::exception,
                        HasReason{"/part/ratio: videomae/tube: masks none of the 16 cells"});
  BOOST_CHECK_EXCEPTION(TubeMask(1.5), std::exception, HasReason{"/part/ratio: must be at most 1"});
}

BOOST_AUTO_TEST_CASE(plain_pixels_keep_the_order_t_h_w_channel) {
  const at::Tensor raw = at::arange(2 * 4 * 8 * 8 * 3).remainder(251).to(at::kByte).view({2, 4, 8, 8, 3});
  const at::Tensor out = pixels(raw, 4, /*norm_pix=*/false);
  BOOST_CHECK_EQUAL(out.sizes(), at::IntArrayRef({2, 8, 96}));
  // The cube at t 1, h 0, w 1 has index (1 * 2 + 0) * 2 + 1; its pixel t 1, h 2, w 3, channel 1 has index ((1 * 4 + 2)
  // * 4 + 3) * 3 + 1.
  const double want = raw[1][3][2][7][1].item<double>() / 255;
  BOOST_CHECK_CLOSE((out[1][5][82].item<double>()), want, 1e-4);
}

BOOST_AUTO_TEST_CASE(normalised_pixels_have_mean_0_and_deviation_1_per_cube_and_channel) {
  const at::Tensor raw = at::randint(0, 256, {2, 2, 8, 8, 3}, at::kByte);
  const at::Tensor cubes = pixels(raw, 4, /*norm_pix=*/true).view({2, 4, 32, 3});
  BOOST_CHECK_SMALL(cubes.mean(2).abs().max().item<double>(), 1e-5);
  BOOST_CHECK_SMALL((cubes.std(2) - 1).abs().max().item<double>(), 1e-4);
}

BOOST_AUTO_TEST_CASE(a_flat_cube_is_zero_and_not_nan) {
  const at::Tensor out = pixels(at::full({1, 2, 8, 8, 3}, 200, at::kByte), 4, /*norm_pix=*/true);
  BOOST_CHECK_SMALL(out.abs().max().item<double>(), 0.2);  // the mean's rounding over epsilon 1e-6
}

BOOST_AUTO_TEST_CASE(only_masked_cubes_are_made_and_they_equal_the_others_selection) {
  const at::Tensor raw = at::randint(0, 256, {2, 4, 8, 8, 3}, at::kByte);
  const at::Tensor masked = at::tensor({1, 2, 7, 0, 4, 5}, at::kLong).view({2, 3});
  const at::Tensor all = pixels(raw, 4, true), some = pixels(raw, 4, true, masked);
  for (int64_t b = 0; b < 2; ++b) BOOST_CHECK(at::equal(some[b], all[b].index_select(0, masked[b])));
}

BOOST_AUTO_TEST_CASE(all_cubes_are_made_where_a_mask_cell_covers_several) {
  Spec features = spec("features.0", "features", "BNC", {VH_DIM_BATCH, 8, 8});
  const int64_t grid[] = {2, 2, 2}, stride[] = {2, 4, 4};
  std::copy(grid, grid + 3, features.c.grid);
  std::copy(stride, stride + 3, features.c.stride);
  vh_specs in = specs({features, spec("raw", "input", "BTHWC", {VH_DIM_BATCH, 4, 8, 8, 3}, VH_U8)});
  add_mask(in, "replace", 2, 1);  // 2 x 1 x 1 cells
  TestPart target(VH_TARGET_1, "videomae/pixels");
  target.create(in);
  BOOST_CHECK_EQUAL(target.describe(in).find("target.pixels")->c.coverage, VH_ALL);
  const at::Tensor raw = at::randint(0, 256, {2, 4, 8, 8, 3}, at::kByte), index = at::zeros({2, 1}, at::kLong);
  const at::Tensor out = target.run({{"raw", raw}, {"mask.masked_index", index}}).at("target.pixels");
  BOOST_CHECK(at::equal(out, pixels(raw, 4, true)));
}

BOOST_AUTO_TEST_CASE(the_loss_of_masked_tokens_is_a_sum_of_token_means) {
  TestPart mse(VH_LOSS_1, "videomae/mse");
  mse.create(loss_specs(VH_MASKED, 3, false));
  const at::Tensor pred = at::randn({2, 3, 4}), target = at::randn({2, 3, 4});
  const at::Tensor sum = mse.run({{"pred", pred}, {"target", target}, {"sample_weight", at::ones({2})}}).at("loss.sum");
  BOOST_CHECK_EQUAL(divisor_of(mse), VH_DIVIDE_MASKED);
  BOOST_CHECK_CLOSE(sum.item<double>() / 6, at::mse_loss(pred, target).item<double>(), 1e-4);
}

BOOST_AUTO_TEST_CASE(padding_rows_do_not_count) {
  TestPart mse(VH_LOSS_1, "videomae/mse");
  mse.create(loss_specs(VH_MASKED, 3, false));
  const at::Tensor pred = at::randn({2, 3, 4}), target = at::randn({2, 3, 4});
  const at::Tensor weight = at::tensor({1.0f, 0.0f});
  const at::Tensor sum = mse.run({{"pred", pred}, {"target", target}, {"sample_weight", weight}}).at("loss.sum");
  BOOST_CHECK_CLOSE(sum.item<double>() / 3, at::mse_loss(pred[0], target[0]).item<double>(), 1e-4);
}

BOOST_AUTO_TEST_CASE(the_loss_of_all_tokens_divides_by_samples_unless_a_mask_weighs_them) {
  const at::Tensor pred = at::randn({2, 4, 4}), target = at::randn({2, 4, 4}), ones = at::ones({2});
  TestPart plain(VH_LOSS_1, "videomae/mse"), weighted(VH_LOSS_1, "videomae/mse");
  plain.create(loss_specs(VH_ALL, 4, false));
  BOOST_CHECK_EQUAL(divisor_of(plain), VH_DIVIDE_SAMPLES);
  const at::Tensor sum = plain.run({{"pred", pred}, {"target", target}, {"sample_weight", ones}}).at("loss.sum");
  BOOST_CHECK_CLOSE(sum.item<double>() / 2, at::mse_loss(pred, target).item<double>(), 1e-4);
  weighted.create(loss_specs(VH_ALL, 4, true));
  BOOST_CHECK_EQUAL(divisor_of(weighted), VH_DIVIDE_MASKED);
  const at::Tensor mask = at::tensor({0.f, 1.f, 1.f, 0.f, 1.f, 0.f, 0.f, 1.f}).view({2, 4});
  const at::Tensor masked =
      weighted.run({{"pred", pred}, {"target", target}, {"weight", mask}, {"sample_weight", ones}}).at("loss.sum");
  const at::Tensor chosen = mask.to(at::kBool);
  BOOST_CHECK_CLOSE(masked.item<double>() / 4,
                    at::mse_loss(pred.index({chosen}), target.index({chosen})).item<double>(), 1e-4);
}

BOOST_AUTO_TEST_CASE(the_loss_refuses_other_widths) {
  vh_specs in = loss_specs(VH_MASKED, 3, false);
  Spec wide = spec("target", "target", "BNC", {VH_DIM_BATCH, 3, 5}, VH_F32);
  wide.c.coverage = VH_MASKED;
  in.add(wide);
  TestPart mse(VH_LOSS_1, "videomae/mse");
  mse.create(in);
  BOOST_CHECK_EXCEPTION(mse.describe(in), std::exception,
                        HasReason{"the prediction has 4 values per token, the target 5"});
}

BOOST_AUTO_TEST_SUITE_END()
