#include <ATen/ATen.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "../src/relative_position.h"

namespace data = boost::unit_test::data;

namespace {

struct Pairs {
  int64_t queries, keys;
  std::vector<int64_t> index;
};
const Pairs kPairs[] = {
    {2, 2, {1, 0, 2, 1}},              // i - j + 1
    {4, 2, {2, 0, 3, 1, 4, 2, 5, 3}},  // keys lie two queries apart
    {2, 4, {3, 2, 1, 0, 5, 4, 3, 2}},  // queries lie two keys apart
    {3, 2, {1, 0, 2, 1, 3, 2}},        // keys lie 1.5 queries apart: rounded towards zero
    {1, 3, {2, 1, 0}},
};

at::Tensor weights_of(int64_t queries, int64_t keys, int64_t stored, int64_t padding = 0) {
  return at::tensor(mvit::relative_weights(queries, keys, stored, padding)).view({queries, keys + padding, stored});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(relative_position_tests)

BOOST_DATA_TEST_CASE(rows_of_pairs_follow_their_distance, data::xrange(std::size(kPairs)), row) {
  const Pairs& want = kPairs[row];
  const std::vector<int64_t> got = mvit::relative_index(want.queries, want.keys);
  BOOST_CHECK_EQUAL_COLLECTIONS(got.begin(), got.end(), want.index.begin(), want.index.end());
}

BOOST_AUTO_TEST_CASE(rows_stay_within_the_table) {
  for (int64_t queries = 1; queries < 60; ++queries)
    for (int64_t keys = 1; keys < 60; ++keys)
      for (const int64_t row : mvit::relative_index(queries, keys))
        BOOST_REQUIRE_MESSAGE(row >= 0 && row < mvit::relative_rows(queries, keys), queries << " " << keys);
}

BOOST_AUTO_TEST_CASE(a_table_of_the_right_size_is_read_as_it_is) {
  const at::Tensor table = at::randn({7, 3}, at::kDouble);
  const at::Tensor index = at::tensor(mvit::relative_index(4, 2)).view({4, 2});
  BOOST_CHECK(at::equal(at::matmul(weights_of(4, 2, 7), table), table.index({index})));
}

BOOST_AUTO_TEST_CASE(another_table_is_interpolated_as_pytorch_does) {
  for (const int64_t stored : {1, 3, 13, 27, 55}) {
    const at::Tensor table = at::randn({stored, 3}, at::kDouble);
    const at::Tensor index = at::tensor(mvit::relative_index(10, 5)).view({10, 5});
    const at::Tensor resized =
        at::upsample_linear1d(table.t().unsqueeze(0), {mvit::relative_rows(10, 5)}, /*align_corners=*/false)[0].t();
    const at::Tensor got = at::matmul(weights_of(10, 5, stored), table);
    BOOST_CHECK_SMALL((got - resized.index({index})).abs().max().item<double>(), 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(padding_has_no_weights) {
  const at::Tensor padded = weights_of(4, 2, 7, 3);
  BOOST_CHECK(at::equal(padded.slice(1, 0, 2), weights_of(4, 2, 7)));
  BOOST_CHECK_EQUAL(padded.slice(1, 2).abs().max().item<double>(), 0);
}

BOOST_AUTO_TEST_SUITE_END()
