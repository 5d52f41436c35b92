#include <vhost/media/augment_params.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>
#include <vhost/cpp/plugin.hpp>

#include "op_sets.h"
#include "pictures.h"

using namespace vh::media;

namespace {

struct Params {
  AugmentParams augment;
  template <class V>
  void describe(V& v) {
    describe_augment(v, augment);
  }
};

AugmentOptions everything() {
  AugmentOptions options;
  options.rand_augment = {.set = OpSet::kTimmIncreasing, .n = 3};
  options.jitter = {0.4, 0.4, 0.4, 0.1};
  options.erase = {.probability = 0.5, .count = 2};
  return options;
}

Decisions drawn(const Augment& augment, uint64_t seed, int64_t width = 40, int64_t height = 30) {
  vh_random random = vh_random_from(seed);
  return augment.draw(random, width, height);
}

Picture augmented(const Augment& augment, const Decisions& decisions, Picture picture, int64_t frame = 0) {
  augment.apply(decisions, span(picture), frame);
  return picture;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_seed_decides_everything) {
  Augment augment(everything());
  std::set<std::vector<uint8_t>> different;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Picture once = augmented(augment, drawn(augment, seed), noise(40, 30)),
            again = augmented(augment, drawn(augment, seed), noise(40, 30));
    BOOST_TEST((once.rgb == again.rgb));
    different.insert(once.rgb);
  }
  BOOST_TEST(different.size() == 50u);
}

BOOST_AUTO_TEST_CASE(one_kind_leaves_the_decisions_of_the_others) {
  AugmentOptions without = everything();
  without.rand_augment.set = OpSet::kNone;
  without.jitter = {};
  for (uint64_t seed = 0; seed < 20; ++seed)
    BOOST_TEST((drawn(Augment(everything()), seed).erased == drawn(Augment(without), seed).erased));
}

BOOST_AUTO_TEST_CASE(off_is_nothing) {
  Augment augment(augment_options(vh::default_params<Params>().augment));
  BOOST_TEST(augment.is_nothing());
  BOOST_TEST(!Augment(everything()).is_nothing());
  Decisions decisions = drawn(augment, 1);
  BOOST_TEST(decisions.ops.empty());
  BOOST_TEST(decisions.erased.empty());
}

BOOST_AUTO_TEST_CASE(increasing_operations_do_nothing_at_level_zero) {
  for (OpSet set : {OpSet::kTimmIncreasing, OpSet::kPytorchVideo})
    for (OpKind kind : ops_of(set)) {
      if (kind <= OpKind::kInvert || kind == OpKind::kPosterize) continue;  // without a level; 4 bits
      vh_random random = vh_random_from(3);
      Picture picture = noise(21, 33), before = picture;
      for (uint8_t& byte : picture.rgb) byte /= 2;  // below pytorchvideo's first threshold, 255
      before = picture;
      for (Filter filter : {Filter::kNearest, Filter::kBilinear, Filter::kBicubic})
        apply_op({kind, value_at(set, kind, 0, random), filter}, span(picture), {});
      BOOST_TEST((picture.rgb == before.rgb), op_name(kind));
    }
}

BOOST_AUTO_TEST_CASE(the_number_of_operations_is_as_asked) {
  AugmentOptions options;
  options.rand_augment = {.set = OpSet::kPytorchVideo, .n = 14, .probability = 1};
  std::set<OpKind> kinds;
  for (const Op& op : drawn(Augment(options), 4).ops) kinds.insert(op.kind);
  BOOST_TEST(kinds.size() == 14u);  // none twice
  options.rand_augment = {.set = OpSet::kTimmIncreasing, .n = 2};
  Augment augment(options);
  double ops = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) ops += static_cast<double>(drawn(augment, seed).ops.size());
  BOOST_TEST(std::abs(ops / 2000 - 1) < 0.1);  // n * probability
}

BOOST_AUTO_TEST_CASE(jitter_stays_in_its_range_in_all_orders) {
  AugmentOptions options;
  options.jitter = {0.4, 2, 0.1, 0.2};
  Augment augment(options);
  std::set<std::vector<int>> orders;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    std::vector<int> order;
    for (const Op& op : drawn(augment, seed).ops) {
      order.push_back(static_cast<int>(op.kind));
      double low = op.kind == OpKind::kBrightness   ? 0.6
                   : op.kind == OpKind::kContrast   ? 0
                   : op.kind == OpKind::kSaturation ? 0.9
                                                    : -0.2;
      double high = op.kind == OpKind::kHue ? 0.2 : op.kind == OpKind::kContrast ? 3 : 2 - low;
      BOOST_TEST((op.value >= low && op.value <= high), op_name(op.kind) << " " << op.value);
    }
    orders.insert(order);
  }
  BOOST_TEST(orders.size() == 24u);
}

BOOST_AUTO_TEST_CASE(boxes_lie_inside_and_have_the_asked_area) {
  AugmentOptions options;
  options.erase = {.probability = 1};
  Augment augment(options);
  for (uint64_t seed = 0; seed < 500; ++seed)
    for (const Rect& box : drawn(augment, seed, 224, 160).erased) {
      BOOST_TEST((box.x >= 0 && box.y >= 0 && box.x + box.width <= 224 && box.y + box.height <= 160));
      double share = static_cast<double>(box.width * box.height) / (224 * 160);
      BOOST_TEST((share > 0.018 && share < 0.35), share);
    }
  options.erase.probability = 0.25;
  Augment seldom(options);
  int64_t erased = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) erased += std::ssize(drawn(seldom, seed).erased);
  BOOST_TEST(std::abs(static_cast<double>(erased) / 2000 - 0.25) < 0.03);
}

BOOST_AUTO_TEST_CASE(the_noise_of_a_box_has_the_asked_mean_and_deviation) {
  AugmentOptions options;
  options.erase = {.probability = 1, .mean = {100, 120, 140}, .std = {10, 20, 30}};
  Augment augment(options);
  Decisions decisions;
  decisions.erased = {{10, 0, 100, 100}};
  Picture first = augmented(augment, decisions, noise(110, 100), 0),
          second = augmented(augment, decisions, noise(110, 100), 1);
  BOOST_TEST((cut(first, {0, 0, 10, 100}).rgb == cut(noise(110, 100), {0, 0, 10, 100}).rgb));
  Picture box = cut(first, decisions.erased[0]);
  BOOST_TEST((box.rgb != cut(second, decisions.erased[0]).rgb));  // each frame has its own
  for (size_t c = 0; c < 3; ++c) {
    double sum = 0, squares = 0;
    for (size_t i = c; i < box.rgb.size(); i += 3) sum += box.rgb[i], squares += box.rgb[i] * box.rgb[i];
    double mean = sum / 10000, deviation = std::sqrt(squares / 10000 - mean * mean);
    BOOST_TEST(std::abs(mean - options.erase.mean[c]) < 1.2);
    BOOST_TEST(std::abs(deviation / options.erase.std[c] - 1) < 0.03);
  }
}

BOOST_AUTO_TEST_CASE(parameters_that_do_not_fit_together_are_refused_by_name) {
  auto pointer_of = [](auto&& change) {
    AugmentParams params = vh::default_params<Params>().augment;
    change(params);
    try {
      augment_options(params);
    } catch (const vh::Error& error) {
      return error.pointer + std::string(": ") + error.what();
    }
    return std::string("accepted");
  };
  BOOST_TEST(pointer_of([](AugmentParams&) {}) == "accepted");
  BOOST_TEST(pointer_of([](AugmentParams& p) {
               p.erase_area = {0.5, 0.1};
             }) == "/erase_area: the first number is above the second");
  BOOST_TEST(pointer_of([](AugmentParams& p) { p.color_jitter[3] = 0.6; }) ==
             "/color_jitter/3: a hue's shift can't be above 0.5");
}
