// Views to scores, scores to answers, answers to numbers; and that shards together are the whole. The same numbers are
// compared with scikit-learn's in evaluation_reference.py.
#include <boost/test/unit_test.hpp>
#include <limits>

#include "data/shard.h"
#include "engine/evaluate.h"
#include "vhost/random.h"

using namespace vhost;

namespace {

std::vector<int64_t> list(const at::Tensor& t) {
  return {t.data_ptr<int64_t>(), t.data_ptr<int64_t>() + t.numel()};
}

const float kNan = std::numeric_limits<float>::quiet_NaN();
using Labels = std::vector<int64_t>;

// A sum over samples of random labels and answers.
EvaluationSums sums_of(const std::vector<int64_t>& indices) {
  EvaluationSums sums;
  sums.top = TopK({1, 2});
  for (const int64_t index : indices) {
    vh_random random = vh_random_from(static_cast<uint64_t>(index));
    at::Tensor scores = at::empty({1, 5});
    for (int64_t k = 0; k < 5; ++k) scores.data_ptr<float>()[k] = static_cast<float>(vh_random_unit(&random));
    const int64_t label = vh_random_below(&random, 5);
    sums.top.add(scores, at::tensor(Labels{label}), at::ones({1}));
    sums.classes.add(label, best_classes(scores).item<int64_t>());
    sums.losses["loss.main"] = {sums.losses["loss.main"].sum + static_cast<double>(index), 1, VH_DIVIDE_SAMPLES};
    sums.rows += 1, sums.samples += 1, sums.labelled += 1;
  }
  return sums;
}

}  // namespace

BOOST_AUTO_TEST_CASE(views_are_combined_after_the_softmax_or_before_it) {
  const double e = std::exp(1.0);
  // Two samples of two views: the second sample's views disagree, one of them strongly.
  const at::Tensor logits = at::tensor({0.f, 0.f, 0.f, 0.f, 4.f, 0.f, 0.f, 2.f}).view({4, 2});
  const at::Tensor after = combined_scores(logits, 2, Combine::softmax_mean);
  const at::Tensor before = combined_scores(logits, 2, Combine::logits_mean);
  BOOST_TEST(after.sizes() == at::IntArrayRef({2, 2}));
  BOOST_TEST(after[0][0].item<double>() == 0.5);
  const double p4 = 1 / (1 + std::pow(e, -4)), p2 = 1 / (1 + std::pow(e, 2));
  BOOST_TEST(after[1][0].item<double>() == (p4 + p2) / 2, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(before[1][0].item<double>() == 1 / (1 + std::pow(e, -1)), boost::test_tools::tolerance(1e-6));
  BOOST_TEST(at::allclose(after.sum(1), at::ones({2})));
  BOOST_TEST(at::allclose(before.sum(1), at::ones({2})));
  BOOST_CHECK(combine_of("softmax_mean") == Combine::softmax_mean);
  BOOST_CHECK(combine_of("logits_mean") == Combine::logits_mean);
}

BOOST_AUTO_TEST_CASE(of_equal_scores_the_lower_class_comes_first) {
  const at::Tensor scores = at::tensor({.2f, .4f, .4f, 0.f, /**/ .25f, .25f, .25f, .25f}).view({2, 4});
  BOOST_TEST(list(ranked_classes(scores)) == (Labels{1, 2, 0, 3, 0, 1, 2, 3}), boost::test_tools::per_element());
  BOOST_TEST(list(best_classes(scores)) == (Labels{1, 0}), boost::test_tools::per_element());
  const auto hits = [&](int64_t first, int64_t second) {
    TopK top({1, 2, 3});
    top.add(scores, at::tensor(Labels{first, second}), at::ones({2}));
    return Labels{top.hits[1], top.hits[2], top.hits[3]};
  };
  BOOST_TEST(hits(1, 0) == (Labels{2, 2, 2}), boost::test_tools::per_element());
  BOOST_TEST(hits(2, 1) == (Labels{0, 2, 2}), boost::test_tools::per_element());
  BOOST_TEST(hits(0, 3) == (Labels{0, 0, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(scores_that_are_no_numbers_are_never_right) {
  const at::Tensor scores = at::tensor({kNan, kNan, /**/ kNan, .1f}).view({2, 2});
  BOOST_TEST(list(best_classes(scores)) == (Labels{-1, 1}), boost::test_tools::per_element());
  TopK top({1, 5});
  top.add(scores, at::tensor(Labels{0, 1}), at::ones({2}));
  BOOST_TEST(top.hits[1] == 1);
  BOOST_TEST(top.hits[5] == 1);
  ClassCounts counts;
  counts.add(0, -1);
  counts.add(1, 1);
  BOOST_TEST(counts.rows().size() == 2u);  // "no class" is none
  BOOST_TEST(counts.mean_class_accuracy() == 50);
}

BOOST_AUTO_TEST_CASE(classes_that_are_only_predicted_count_as_zero) {
  ClassCounts counts;  // of classes 0 to 9; 3 is only predicted, 4 to 9 never occur
  for (const auto& [label, predicted] : std::vector<std::pair<int64_t, int64_t>>{{0, 0}, {0, 0}, {1, 3}, {2, 2}})
    counts.add(label, predicted);
  BOOST_TEST(counts.rows().size() == 4u);
  BOOST_TEST(counts.mean_class_accuracy() == 50);  // 1, 0, 1, 0
  BOOST_TEST(counts.f1_macro() == 50);
  BOOST_TEST(counts.f1_micro() == 75);
  BOOST_TEST(ClassCounts().f1_macro() == 0);
}

BOOST_AUTO_TEST_CASE(shards_hold_every_sample_once) {
  for (int64_t samples : {0, 1, 2, 5, 16, 97})
    for (int64_t ranks = 1; ranks <= 8; ++ranks) {
      Labels all;
      size_t smallest = 1000, largest = 0;
      for (int64_t rank = 0; rank < ranks; ++rank) {
        const Labels part = shard_of(samples, rank, ranks);
        smallest = std::min(smallest, part.size()), largest = std::max(largest, part.size());
        all.insert(all.end(), part.begin(), part.end());
      }
      BOOST_TEST_CONTEXT(samples << " samples on " << ranks << " ranks") {
        BOOST_TEST(largest - smallest <= 1u);
        BOOST_TEST(all.size() == static_cast<size_t>(samples));
        for (size_t i = 0; i < all.size(); ++i) BOOST_TEST(all[i] == static_cast<int64_t>(i));
      }
    }
}

BOOST_AUTO_TEST_CASE(the_sums_of_shards_are_those_of_the_whole) {
  const EvaluationSums whole = sums_of(shard_of(97, 0, 1));
  for (int64_t ranks : {2, 3, 8, 100}) {
    EvaluationSums merged = sums_of(shard_of(97, 0, ranks));
    for (int64_t rank = 1; rank < ranks; ++rank) merged.merge(sums_of(shard_of(97, rank, ranks)));
    BOOST_TEST(merged.samples == 97);
    BOOST_TEST((merged.classes.entries() == whole.classes.entries()));
    for (const auto& [name, value] : whole.metrics()) BOOST_TEST(merged.metrics().at(name) == value);
  }
}
