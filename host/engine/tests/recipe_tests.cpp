// Mixup and CutMix, and which rate and decay a parameter trains with.
#include <ATen/ATen.h>

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "engine/metrics.h"
#include "engine/mix.h"
#include "engine/param_rules.h"
#include "engine/watch.h"
#include "vhost/params.h"

using namespace vhost;

namespace {

struct Mentions {
  std::string text;
  bool operator()(const std::exception& error) const {
    BOOST_TEST_MESSAGE(error.what());
    return std::string(error.what()).find(text) != std::string::npos;
  }
};

// Rows of one value each: sample i of the batch is i everywhere, and of class i.
vh_map batch_of(int64_t rows, int64_t height, int64_t width) {
  const at::Tensor value = at::arange(rows, at::kFloat).view({rows, 1, 1, 1, 1});
  vh_map all;
  all.put("input", value.expand({rows, 3, 2, height, width}).contiguous());
  all.put("raw", (value * 10).to(at::kByte).expand({rows, 2, height, width, 3}).contiguous());
  all.put("batch.label", at::arange(rows, at::kLong));
  return all;
}

const MixRule kMixup{.mixup = 0.8}, kCutmix{.cutmix = 1};

Param param(const std::string& name, std::vector<int64_t> shape, int32_t layer, uint32_t flags = 0) {
  Param p;
  p.name = name, p.value = at::zeros(shape), p.role = VH_PARAMETER, p.layer = layer, p.flags = flags;
  return p;
}

Manifest optimizer(const std::string& keys) {
  return parse_manifest(R"({"optimizer": {"weight_decay": 0.05)" + keys + "}}", "exp.json", {});
}

std::vector<ParamSetting> settings(const Manifest& manifest, const std::vector<Param>& params) {
  std::vector<const Param*> pointers;
  for (const Param& p : params) pointers.push_back(&p);
  return param_settings(manifest, pointers);
}

}  // namespace

BOOST_AUTO_TEST_CASE(mixup_shares_pixels_and_labels_alike) {
  vh_map all = batch_of(4, 8, 8);
  const MixDraw mix = draw_mix(kMixup, 4, 8, 8, 7);
  BOOST_TEST((mix.kind == MixDraw::Kind::mixup));
  apply_mix(all, mix, 5);
  const double own = mix.own;
  for (int64_t i = 0; i < 4; ++i) {
    const double mean = own * static_cast<double>(i) + (1 - own) * static_cast<double>(3 - i);
    BOOST_TEST(at::allclose((*all.find("input"))[i], at::full({3, 2, 8, 8}, mean)));
    BOOST_TEST((*all.find("raw"))[i].eq(std::lround(10 * mean)).all().item<bool>());
    BOOST_TEST((*all.find("batch.label_soft"))[i][i].item<float>() == own, boost::test_tools::tolerance(1e-6));
    BOOST_TEST((*all.find("batch.label_soft"))[i][3 - i].item<float>() == 1 - own, boost::test_tools::tolerance(1e-6));
  }
}

BOOST_AUTO_TEST_CASE(cutmix_labels_follow_the_area_that_was_pasted) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    vh_map all = batch_of(2, 12, 10);
    const MixDraw mix = draw_mix(kCutmix, 2, 12, 10, seed);
    apply_mix(all, mix, 2);
    const at::Tensor first = (*all.find("input"))[0];  // pasted pixels are 1, its own 0
    const double pasted = first.mean().item<double>();
    BOOST_TEST((*all.find("batch.label_soft"))[0][1].item<double>() == pasted, boost::test_tools::tolerance(1e-5));
    BOOST_TEST(first[0][0].equal(first[2][1]));  // one box for all channels and frames
    BOOST_TEST((*all.find("raw"))[0].select(3, 0).to(at::kFloat).div(10).equal(first[0]));
  }
}

BOOST_AUTO_TEST_CASE(an_unmixed_batch_still_has_soft_labels) {
  vh_map all = batch_of(3, 4, 4);
  apply_mix(all, draw_mix({.mixup = 0.8, .prob = 0}, 3, 4, 4, 1), 3);
  BOOST_TEST(all.find("batch.label_soft")->equal(at::eye(3)));
}

BOOST_AUTO_TEST_CASE(probabilities_choose_between_mixup_cutmix_and_nothing) {
  int mixup = 0, cutmix = 0;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    const MixDraw mix =
        draw_mix({.mixup = 0.8, .cutmix = 1, .prob = 0.5, .switch_prob = 0.25, .permute = true}, 8, 16, 16, seed);
    mixup += mix.kind == MixDraw::Kind::mixup;
    cutmix += mix.kind == MixDraw::Kind::cutmix;
  }
  BOOST_TEST(std::abs(mixup - 1500) < 120);
  BOOST_TEST(std::abs(cutmix - 500) < 90);
}

BOOST_AUTO_TEST_CASE(shares_are_drawn_from_the_beta_distribution) {
  for (const double alpha : {0.2, 0.8, 1.0, 4.0}) {
    double sum = 0, squares = 0;
    constexpr int kDraws = 20000;
    for (uint64_t seed = 0; seed < kDraws; ++seed) {
      const double x = draw_beta(alpha, seed);
      sum += x, squares += x * x;
    }
    const double mean = sum / kDraws, variance = squares / kDraws - mean * mean;
    BOOST_TEST(std::abs(mean - 0.5) < 0.012);
    BOOST_TEST(variance == 1 / (4 * (2 * alpha + 1)), boost::test_tools::tolerance(0.04));
  }
}

BOOST_AUTO_TEST_CASE(a_vanishing_alpha_leaves_rows_as_they_are_or_swaps_them) {
  int swapped = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    const double x = draw_beta(1e-320, seed);
    BOOST_TEST((x == 0 || x == 1));
    swapped += x == 0;
  }
  BOOST_TEST(std::abs(swapped - 500) < 80);
}

BOOST_AUTO_TEST_CASE(a_sample_without_label_has_none_of_the_classes) {
  vh_map all = batch_of(2, 4, 4);
  all.put("batch.label", at::tensor({1, -1}, at::kLong));
  apply_mix(all, {}, 2);
  BOOST_TEST(at::equal(*all.find("batch.label_soft"), at::tensor({0.f, 1.f, 0.f, 0.f}).view({2, 2})));
  all.put("batch.label", at::tensor({0, 2}, at::kLong));
  BOOST_CHECK_EXCEPTION(apply_mix(all, {}, 2), Error, Mentions{"needs labels from 0 to 1; this batch has 2"});
}

BOOST_AUTO_TEST_CASE(layers_near_the_input_learn_more_slowly) {
  const auto got = settings(optimizer(R"(, "layer_decay": 0.5, "rules": [])"),
                            {param("backbone.pos_embed", {1, 4, 8}, 0), param("backbone.blocks.0.w", {8, 8}, 1),
                             param("backbone.blocks.1.w", {8, 8}, 2), param("heads.main.w", {8, 8}, -1)});
  BOOST_TEST(got[0].lr_scale == 0.125);
  BOOST_TEST(got[1].lr_scale == 0.25);
  BOOST_TEST(got[2].lr_scale == 0.5);
  BOOST_TEST(got[3].lr_scale == 1);
}

BOOST_AUTO_TEST_CASE(layer_decay_without_layers_is_refused) {
  BOOST_CHECK_EXCEPTION(settings(optimizer(R"(, "layer_decay": 0.5, "rules": [])"), {param("backbone.w", {8, 8}, -1)}),
                        Error, Mentions{"/optimizer/layer_decay: needs parts that number their layers"});
}

BOOST_AUTO_TEST_CASE(biases_and_vectors_do_not_decay_unless_a_rule_says_so) {
  const std::vector<Param> params = {param("a.weight", {4, 4}, -1), param("a.bias", {4}, -1),
                                     param("cls_token", {1, 1, 4}, -1, VH_PARAM_NO_DECAY),
                                     param("pos_embed", {1, 5, 4}, -1)};
  const auto plain = settings(optimizer(R"(, "layer_decay": 1, "rules": [])"), params);
  BOOST_TEST(plain[0].weight_decay == 0.05);
  BOOST_TEST(plain[1].weight_decay == 0);
  BOOST_TEST(plain[2].weight_decay == 0);
  BOOST_TEST(plain[3].weight_decay == 0.05);
  const auto ruled = settings(optimizer(R"(, "layer_decay": 1, "rules": [{"match": "*_token", "weight_decay": 0.1},
    {"match": "pos_embed", "weight_decay": 0, "lr_scale": 0.5}, {"match": "*s_embed", "lr_scale": 0.5}])"),
                              params);
  BOOST_TEST(ruled[2].weight_decay == 0.1);
  BOOST_TEST(ruled[3].weight_decay == 0);
  BOOST_TEST(ruled[3].lr_scale == 0.25);
}

BOOST_AUTO_TEST_CASE(a_rule_that_matches_nothing_is_refused) {
  const Manifest manifest = optimizer(R"(, "layer_decay": 1, "rules": [{"match": "blocks.*.qkv", "lr_scale": 0.1}])");
  BOOST_CHECK_EXCEPTION(
      settings(manifest, {param("backbone.w", {2, 2}, -1)}), Error,
      Mentions{"/optimizer/rules/0/match: matches no trainable parameter; the first is named backbone.w"});
}

BOOST_AUTO_TEST_CASE(frozen_blocks_keep_their_numbers_in_layer_decay) {
  const Param below = param("blocks.0.w", {2, 2}, 1);
  const Manifest manifest = optimizer(R"(, "layer_decay": 0.5, "rules": [])");
  BOOST_TEST(param_settings(manifest, {&below}, /*layers=*/4)[0].lr_scale == 0.125);
  BOOST_TEST(param_settings(manifest, {&below})[0].lr_scale == 0.5);
}

BOOST_AUTO_TEST_CASE(better_is_up_for_accuracy_and_down_for_losses_and_never_nan) {
  Watch loss("loss", 0.1), top1("top1", 0);
  BOOST_TEST(!loss.observe(1, {{"loss", NAN}}));
  BOOST_TEST(loss.observe(2, {{"loss", 2.0}}));
  BOOST_TEST(!loss.observe(3, {{"loss", 1.95}}));  // by less than min_delta
  BOOST_TEST(loss.observe(4, {{"loss", 1.8}}));
  BOOST_TEST(!loss.observe(5, {{"loss", -INFINITY}}));
  BOOST_TEST((loss.best_step() == 4 && loss.seen_step() == 5 && loss.since() == 1));
  BOOST_TEST(top1.observe(1, {{"top1", 10}}));
  BOOST_TEST(!top1.observe(2, {{"top1", 10}}));
  BOOST_TEST(top1.observe(3, {{"top1", 11}}));
  Watch again("loss", 0.1), other("top1", 0);
  again.load(loss.save());
  other.load(loss.save());
  BOOST_TEST((again.best_step() == 4 && again.since() == 1 && !again.observe(6, {{"loss", 1.75}})));
  BOOST_TEST(other.best_step() == -1, "another metric begins anew");
  BOOST_CHECK_EXCEPTION(loss.observe(6, {{"top1", 1}}), Error, Mentions{"no metric \"loss\"; they have: top1"});
}

BOOST_AUTO_TEST_CASE(a_window_is_saved_whatever_the_losses_were) {
  Window window, again;
  window.add(NAN, {{"grad_norm", INFINITY}});
  again.load(parse_json(pretty_json(window.save()), "state.json").root.as_object());
  BOOST_TEST((std::isnan(again.loss) && again.steps == 1 && std::isinf(again.scalars.at("grad_norm"))));
}

BOOST_AUTO_TEST_CASE(stars_stand_for_any_characters) {
  BOOST_TEST(matches_glob("*", ""));
  BOOST_TEST(matches_glob("a*c", "abbc"));
  BOOST_TEST(matches_glob("*.bias", "x.bias.bias"));
  BOOST_TEST(!matches_glob("a*c", "abcd"));
  BOOST_TEST(!matches_glob("abc", "ab"));
}
