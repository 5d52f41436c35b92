#include <ATen/ATen.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "support/plugin_parts.h"

namespace data = boost::unit_test::data;
using namespace plugin_parts;

namespace {

constexpr int64_t kWidth = 6;
const int64_t kGrid[] = {2, 2, 3};

Spec tokens(int32_t coverage = VH_ALL, int32_t prefix = 0) {
  Spec s = spec("features.0", "features", "BNC", {VH_DIM_BATCH, prefix + 12, kWidth});
  s.c.coverage = coverage, s.c.prefix_tokens = prefix;
  std::copy(kGrid, kGrid + 3, s.c.grid);
  return s;
}
Spec grid() {
  return spec("features.0", "features", "BCTHW", {VH_DIM_BATCH, kWidth, 2, 2, 3});
}
Spec vector() {
  return spec("features.0", "features", "BC", {VH_DIM_BATCH, kWidth});
}

at::Tensor logits(const std::string& use, const Spec& features, const at::Tensor& x, json::object params = {}) {
  params["dropout"] = 0.0;
  params["init_std"] = 0.5;
  TestPart head(VH_HEAD_1, use, params);
  head.create(specs({features}), specs({label(5)}));
  return head.run({{"features.0", x}}).at("pred.logits");
}

double number(const at::Tensor& scalar) {
  return scalar.item<double>();
}

void make_head(const std::string& use, const Spec& features, const std::string& params = "{}",
               const vh_specs& want = specs({label(5)})) {
  TestPart head(VH_HEAD_1, use, json::parse(params).as_object());
  head.create(specs({features}), want);
}

struct Loss {
  explicit Loss(double smoothing) : part(VH_LOSS_1, "classify/cross_entropy", {{"label_smoothing", smoothing}}) {
    part.create({});
  }
  at::Tensor sum(const at::Tensor& pred, const at::Tensor& target, const at::Tensor& weight) const {
    return part.run({{"pred", pred}, {"target", target}, {"sample_weight", weight}}).at("loss.sum");
  }
  TestPart part;
};

struct Count {
  const char* size;
  int64_t classes, parameters;
};
const Count kCounts[] = {{"small", 400, 22033936}, {"base", 400, 86534800},   {"large", 400, 304270736},
                         {"huge", 400, 632119440}, {"small", 52, 21899956},   {"base", 52, 86267188},
                         {"large", 52, 303914036}, {"huge", 52, 631673652},   {"small", 174, 21946926},
                         {"base", 174, 86361006},  {"large", 174, 304039086}, {"huge", 174, 631829934}};

const char* const kHeads[] = {"classify/linear", "classify/tsn", "classify/i3d", "classify/timesformer"};

}  // namespace

BOOST_AUTO_TEST_SUITE(classify_tests)

BOOST_DATA_TEST_CASE(fine_tuning_models_have_the_papers_parameter_counts, data::xrange(std::size(kCounts)), row) {
  const Count& want = kCounts[row];
  const vh_specs in = specs({input(16, 224)});
  TestPart vit(VH_BACKBONE_1, "videomae/vit", {{"size", want.size}}), head(VH_HEAD_1, "classify/linear");
  vit.create_meta(in);
  head.create_meta(vit.describe(in), specs({label(want.classes)}));
  BOOST_CHECK_EQUAL(vit.parameter_count() + head.parameter_count(), want.parameters);
}

BOOST_DATA_TEST_CASE(tokens_and_grids_give_the_same_logits, data::xrange(std::size(kHeads)), row) {
  const at::Tensor x = at::randn({3, 12, kWidth});
  const at::Tensor cells = x.transpose(1, 2).reshape({3, kWidth, 2, 2, 3});
  const at::Tensor a = logits(kHeads[row], tokens(), x), b = logits(kHeads[row], grid(), cells);
  BOOST_CHECK_EQUAL(a.sizes(), at::IntArrayRef({3, 5}));
  BOOST_CHECK(at::allclose(a, b, 1e-5, 1e-6));
}

BOOST_AUTO_TEST_CASE(class_tokens_are_left_out_of_the_mean_and_taken_by_cls) {
  const at::Tensor x = at::randn({3, 13, kWidth}), rest = x.slice(1, 1);
  BOOST_CHECK(at::allclose(logits("classify/linear", tokens(VH_ALL, 1), x), logits("classify/linear", tokens(), rest),
                           1e-5, 1e-6));
  const at::Tensor cls = logits("classify/linear", tokens(VH_ALL, 1), x, {{"pool", "cls"}});
  BOOST_CHECK(at::allclose(cls, logits("classify/linear", vector(), x.select(1, 0)), 1e-5, 1e-6));
}

BOOST_AUTO_TEST_CASE(the_batch_norm_of_linear_probing_is_torchs_and_keeps_its_statistics) {
  TestPart head(VH_HEAD_1, "classify/linear", {{"fc_norm", false}, {"batch_norm", true}, {"init_scale", 1.0}});
  head.create(specs({vector()}), specs({label(5)}));
  BOOST_CHECK_EQUAL(head.parameter_count(), kWidth * 5 + 5);
  const at::Tensor x = at::randn({4, kWidth}) * 3 + 2, weight = head.param("head.weight").value;
  const at::Tensor normed = (x - x.mean(0)) / (x.var(0, /*unbiased=*/false) + 1e-6).sqrt();
  BOOST_CHECK(at::allclose(head.run({{"features.0", x}}).at("pred.logits"), at::linear(normed, weight), 1e-4, 1e-5));
  const at::Tensor mean = 0.1 * x.mean(0), var = 0.9 + 0.1 * x.var(0);
  BOOST_CHECK(at::allclose(head.param("batch_norm.running_mean").value, mean, 1e-5, 1e-6));
  const at::Tensor by_statistics = at::linear((x - mean) / (var + 1e-6).sqrt(), weight);
  BOOST_CHECK(at::allclose(head.run({{"features.0", x}}, VH_EVAL).at("pred.logits"), by_statistics, 1e-4, 1e-5));
  const std::map<std::string, at::Tensor> one{{"features.0", x.slice(0, 0, 1)}};
  BOOST_CHECK_EXCEPTION(head.run(one), std::exception, HasReason{"no variance to go by in a training batch of one"});
  BOOST_CHECK(head.run(one, VH_EVAL).at("pred.logits").isfinite().all().item<bool>());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_pooled_is_refused_with_its_reason) {
  const auto check = [](const std::string& use, const Spec& features, const std::string& params, const char* reason) {
    BOOST_CHECK_EXCEPTION(make_head(use, features, params), std::exception, HasReason{reason});
  };
  check("classify/linear", tokens(), R"({"pool": "cls"})",
        "/part/pool: classify/linear: \"cls\" needs tokens [B,N,C] with a class token");
  check("classify/tsn", tokens(VH_VISIBLE), "{}",
        "tokens [B,N,C] of all cells of a grid: visible ones alone don't tell the frames");
  check("classify/tsn", vector(), "{}", "whose frames it averages last, not [BC]");
  check("classify/i3d", spec("features.0", "features", "BCHW", {VH_DIM_BATCH, kWidth, 2, 2}), "{}",
        "accepts tokens [B,N,C], a grid [B,C,T,H,W] or a vector [B,C], not [BCHW]");
  check("classify/linear", tokens(), R"({"dropout": 1})", "/part/dropout: must be less than 1");
  check("classify/linear", tokens(), R"({"droput": 0.1})", "did you mean \"dropout\"");
}

BOOST_AUTO_TEST_CASE(the_number_of_classes_comes_from_the_labels_or_the_manifest) {
  BOOST_CHECK_EXCEPTION(make_head("classify/linear", tokens(), "{}", {}), std::exception,
                        HasReason{"/part/classes: classify/linear: there are no labels to predict"});
  BOOST_CHECK_EXCEPTION(make_head("classify/linear", tokens(), "{}", specs({label(0)})), std::exception,
                        HasReason{"batch.label has no number of classes"});
  make_head("classify/linear", tokens(), R"({"classes": 7})", {});
  const vh_specs target = specs({spec("target.hog", "target", "BNC", {VH_DIM_BATCH, 8, 108})});
  BOOST_CHECK_EXCEPTION(make_head("classify/linear", tokens(), R"({"classes": 7})", target), std::exception,
                        HasReason{"predicts classes, and target.hog [BNC] has values for every token"});
}

BOOST_AUTO_TEST_CASE(initial_logits_are_near_zero) {
  TestPart head(VH_HEAD_1, "classify/linear");
  head.create(specs({tokens()}), specs({label(100)}));
  BOOST_CHECK_LT(head.param("head.weight").value.abs().max().item<double>(), 0.002);
  BOOST_CHECK_CLOSE(head.param("head.weight").value.std().item<double>(), 2e-5, 15);
  BOOST_CHECK_EQUAL(head.param("head.bias").value.abs().max().item<double>(), 0);
}

BOOST_AUTO_TEST_CASE(dropout_acts_in_training_only) {
  TestPart head(VH_HEAD_1, "classify/i3d");
  head.create(specs({tokens()}), specs({label(5)}));
  const std::map<std::string, at::Tensor> in{{"features.0", at::randn({32, 12, kWidth})}};
  const at::Tensor eval = head.run(in, VH_EVAL).at("pred.logits");
  BOOST_CHECK(at::equal(eval, head.run(in, VH_EVAL).at("pred.logits")));
  BOOST_CHECK(!at::equal(eval, head.run(in, VH_TRAIN).at("pred.logits")));
}

BOOST_DATA_TEST_CASE(cross_entropy_equals_pytorchs, data::make({0.0, 0.1}), smoothing) {
  const at::Tensor pred = at::randn({4, 5}), target = at::tensor({1, 0, 4, 2}, at::kLong), ones = at::ones({4});
  const at::Tensor soft = at::softmax(at::randn({4, 5}), 1);
  const Loss loss(smoothing);
  const auto want = [&](const at::Tensor& t) {
    return number(at::cross_entropy_loss(pred, t, {}, at::Reduction::Mean, -100, smoothing));
  };
  BOOST_CHECK_CLOSE(number(loss.sum(pred, target, ones)) / 4, want(target), 1e-4);
  BOOST_CHECK_CLOSE(number(loss.sum(pred, soft, ones)) / 4, want(soft), 1e-4);
  const at::Tensor one_hot = at::one_hot(target, 5).to(at::kFloat);
  BOOST_CHECK_CLOSE(number(loss.sum(pred, one_hot, ones)), number(loss.sum(pred, target, ones)), 1e-4);
}

BOOST_AUTO_TEST_CASE(padding_rows_do_not_count) {
  const at::Tensor pred = at::randn({3, 5}), target = at::tensor({1, 0, 0}, at::kLong);
  const double part = Loss(0.1).sum(pred, target, at::tensor({1.f, 1.f, 0.f})).item<double>();
  BOOST_CHECK_CLOSE(part, Loss(0.1).sum(pred.slice(0, 0, 2), target.slice(0, 0, 2), at::ones({2})).item<double>(),
                    1e-4);
}

BOOST_AUTO_TEST_CASE(cross_entropy_refuses_what_does_not_fit) {
  const auto check = [](const Spec& pred, Spec target, const char* reason) {
    target.key = "target";
    BOOST_CHECK_EXCEPTION(Loss(0).part.describe(specs({pred, target})), std::exception, HasReason{reason});
  };
  const Spec five = spec("pred", "logits", "BK", {VH_DIM_BATCH, 5});
  check(spec("pred", "tokens", "BNC", {VH_DIM_BATCH, 3, 5}), label(5), "needs logits [B,K], not [BNC]");
  check(five, label(6), "the head predicts 5 classes, the labels have 6");
  check(five, spec("target", "target", "BNC", {VH_DIM_BATCH, 3, 5}, VH_F32),
        "needs class indices i64 [B] or probabilities [B,K]");
}

BOOST_AUTO_TEST_SUITE_END()
