#include <boost/test/unit_test.hpp>
#include <numeric>

#include "support/plugin_parts.h"
#include "vhost/random.h"

using namespace plugin_parts;

namespace {

using Grid = std::vector<int64_t>;
constexpr int kDraws = 2000;

class TestMask {
 public:
  TestMask(const char* name, const json::object& params) : part_(VH_MASK_1, std::string("maskfeat/") + name, params) {
    part_.create({});
  }
  std::pair<int64_t, int64_t> counts(const Grid& grid) const {
    int64_t least = 0, most = 0;
    vh_error error = vhost::new_error();
    part_.part().check(table().counts(part_.part().self(), grid.data(), &least, &most, &error), error);
    return {least, most};
  }
  std::vector<uint8_t> draw(const Grid& grid, uint64_t seed) const {
    std::vector<uint8_t> mask(static_cast<size_t>(grid[0] * grid[1] * grid[2]), 7);
    vh_error error = vhost::new_error();
    part_.part().check(table().draw(part_.part().self(), grid.data(), vh_hash2(3, seed), mask.data(), &error), error);
    return mask;
  }

 private:
  const vh_mask_1& table() const { return part_.table<vh_mask_1>(); }
  TestPart part_;
};

int64_t masked(const std::vector<uint8_t>& mask) {
  return std::accumulate(mask.begin(), mask.end(), int64_t{0});
}

// How often each cell was masked, over kDraws masks of 14 x 14.
std::vector<double> frequencies(const TestMask& mask) {
  std::vector<double> often(196);
  for (int i = 0; i < kDraws; ++i) {
    const std::vector<uint8_t> drawn = mask.draw({1, 14, 14}, static_cast<uint64_t>(i));
    BOOST_REQUIRE_EQUAL(masked(drawn), 78);
    for (size_t k = 0; k < 196; ++k) often[k] += drawn[k] / static_cast<double>(kDraws);
  }
  return often;
}

// Of the two cells in the middle of each of the four sides.
double border_mean(const std::vector<double>& often) {
  double sum = 0;
  for (const size_t i : {6, 7}) sum += often[i] + often[13 * 14 + i] + often[i * 14] + often[i * 14 + 13];
  return sum / 8;
}

double centre_mean(const std::vector<double>& often) {
  return (often[6 * 14 + 6] + often[6 * 14 + 7] + often[7 * 14 + 6] + often[7 * 14 + 7]) / 4;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(maskfeat_mask_tests)

BOOST_AUTO_TEST_CASE(blocks_mask_78_of_196_cells_and_the_centre_more_often_than_the_border) {
  const TestMask block("block2d", {});
  BOOST_CHECK(block.counts({1, 14, 14}) == std::pair(int64_t{78}, int64_t{78}));
  const std::vector<double> often = frequencies(block);
  BOOST_CHECK_SMALL(border_mean(often) - 0.20, 0.02);
  BOOST_CHECK_SMALL(centre_mean(often) - 0.75, 0.03);
}

BOOST_AUTO_TEST_CASE(an_exclusive_border_never_masks_the_last_row_and_column) {
  const std::vector<double> often = frequencies(TestMask("block2d", {{"exclusive_border", true}}));
  for (size_t i = 0; i < 14; ++i) BOOST_CHECK_EQUAL(often[i * 14 + 13] + often[13 * 14 + i], 0);
  BOOST_CHECK_SMALL(centre_mean(often) - 0.80, 0.03);
}

BOOST_AUTO_TEST_CASE(a_block_is_the_same_in_every_frame_and_depends_on_the_seed_alone) {
  const TestMask block("block2d", {{"count", 5}});
  const Grid grid{3, 4, 5};
  BOOST_CHECK(block.counts(grid) == std::pair(int64_t{15}, int64_t{15}));
  const std::vector<uint8_t> mask = block.draw(grid, 11);
  for (size_t i = 20; i < mask.size(); ++i) BOOST_CHECK_EQUAL(mask[i], mask[i - 20]);
  BOOST_CHECK(mask == block.draw(grid, 11));
  BOOST_CHECK(mask != block.draw(grid, 12));
}

BOOST_AUTO_TEST_CASE(where_no_block_fits_single_cells_make_up_the_count) {
  // Rectangles of 4 cells, smaller than the grid in both directions, never add up to 7 of 9 cells.
  const TestMask block("block2d", {{"count", 7}, {"min_cells", 4}, {"max_cells", 4}, {"aspect", 1}});
  for (uint64_t seed = 0; seed < 50; ++seed) BOOST_CHECK_EQUAL(masked(block.draw({1, 3, 3}, seed)), 7);
  const TestMask border("block2d", {{"count", 4}, {"min_cells", 9}, {"max_cells", 9}, {"exclusive_border", true}});
  const std::vector<uint8_t> mask = border.draw({1, 3, 3}, 1);  // rectangles of 3 x 3 are never smaller than the grid
  BOOST_CHECK((mask == std::vector<uint8_t>{1, 1, 0, 1, 1, 0, 0, 0, 0}));
}

BOOST_AUTO_TEST_CASE(cubes_mask_147_to_157_of_392_cells) {
  const TestMask cube("cube3d", {});
  const auto [least, most] = cube.counts({8, 7, 7});
  BOOST_CHECK_EQUAL(least, 142);
  BOOST_CHECK_EQUAL(most, 157);
  int64_t sum = 0, full = 0, fewest = 392;
  for (int i = 0; i < kDraws; ++i) {
    const int64_t n = masked(cube.draw({8, 7, 7}, static_cast<uint64_t>(i)));
    BOOST_REQUIRE(n >= least && n <= most);
    sum += n, full += n == 157, fewest = std::min(fewest, n);
  }
  BOOST_CHECK_SMALL(static_cast<double>(sum) / kDraws - 155.7, 0.2);
  BOOST_CHECK_SMALL(static_cast<double>(full) / kDraws - 0.36, 0.04);
  BOOST_CHECK(fewest >= 143 && fewest <= 150);
}

BOOST_AUTO_TEST_CASE(cubes_differ_from_frame_to_frame_and_their_number_can_be_made_exact) {
  const TestMask cube("cube3d", {{"exact", true}});
  BOOST_CHECK(cube.counts({8, 7, 7}) == std::pair(int64_t{157}, int64_t{157}));
  int same = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::vector<uint8_t> mask = cube.draw({8, 7, 7}, seed);
    BOOST_CHECK_EQUAL(masked(mask), 157);
    same += std::equal(mask.begin(), mask.begin() + 49, mask.end() - 49);
  }
  BOOST_CHECK(same < 100);  // of the first frame and the last
  BOOST_CHECK(cube.draw({8, 7, 7}, 5) == cube.draw({8, 7, 7}, 5));
  BOOST_CHECK_EQUAL(masked(cube.draw({1, 14, 14}, 5)), 78);  // an image is a clip of one frame
}

BOOST_AUTO_TEST_CASE(masks_that_leave_nothing_to_see_or_to_predict_are_refused) {
  BOOST_CHECK_EXCEPTION(TestMask("block2d", {{"ratio", 1}}).counts({1, 4, 4}), std::exception,
                        HasReason{"/part/ratio: maskfeat/block2d: masks 16 of the 16 cells of a frame; want 1 to 15"});
  BOOST_CHECK_EXCEPTION(TestMask("cube3d", {{"count", 40}}).counts({2, 4, 4}), std::exception,
                        HasReason{"/part/count: maskfeat/cube3d: masks 40 of the 32 cells of the grid; want 1 to 31"});
  BOOST_CHECK_EXCEPTION(TestMask("block2d", {{"min_cells", 9}, {"max_cells", 4}}), std::exception,
                        HasReason{"/part/min_cells: maskfeat/block2d: is 9, more than max_cells, 4"});
  for (const char* mask : {"block2d", "cube3d"})  // slimmer ones would have sides beyond 64 bits
    BOOST_CHECK_EXCEPTION(TestMask(mask, {{"aspect", 1e-40}}), std::exception,
                          HasReason{"/part/aspect: must be at least 0.001"});
  BOOST_CHECK_EXCEPTION(TestMask("block2d", {{"ratio", 0.9}, {"exclusive_border", true}}).counts({1, 4, 4}),
                        std::exception, HasReason{"leaves 9 cells of a frame to mask, too few for 14"});
}

BOOST_AUTO_TEST_SUITE_END()
