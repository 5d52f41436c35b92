// The mask beside a stand-in for the host: its counts, and what it draws.
#include <numeric>

#include "vhost/cpp/testing.hpp"

int main(int, char** argv) {
  const vh::test::Plugin plugin(argv[1]);
  auto mask = plugin.make<vh_mask_1>("random", R"({"ratio": 0.75})");
  const vh::Grid grid{2, 4, 4};
  VH_CHECK((mask.counts(grid) == std::pair<int64_t, int64_t>{24, 24}));

  std::vector<int> masked(32);
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const std::vector<uint8_t> one = mask.draw(grid, seed);
    VH_CHECK(std::accumulate(one.begin(), one.end(), 0) == 24);
    for (size_t i = 0; i < one.size(); ++i) masked[i] += one[i];
  }
  for (const int count : masked) VH_CHECK(count > 250 && count < 350);  // 300 expected, standard deviation 8.7
  VH_CHECK(mask.draw(grid, 7) == mask.draw(grid, 7));
  VH_CHECK(mask.draw(grid, 7) != mask.draw(grid, 8));
  VH_CHECK_FAILS(mask.counts({1, 1, 1}), "masks 1 of 1 cells");
  return vh::test::result();
}
