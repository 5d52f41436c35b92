#include <numeric>

#include "vhost/cpp/testing.hpp"

int main(int, char** argv) {
  const vh::test::Plugin plugin(argv[1]);
  auto mask = plugin.make<vh_mask_1>("squares");
  VH_CHECK((mask.counts({4, 4, 4}) == std::pair<int64_t, int64_t>{32, 32}));
  VH_CHECK((mask.counts({1, 3, 3}) == std::pair<int64_t, int64_t>{4, 5}));
  int colours[2] = {};
  for (uint64_t seed = 0; seed < 64; ++seed) {
    const std::vector<uint8_t> one = mask.draw({2, 3, 3}, seed);
    VH_CHECK(std::accumulate(one.begin(), one.end(), 0) == 9);
    VH_CHECK(one[0] != one[1] && one[0] != one[3] && one[0] != one[9]);
    ++colours[one[0]];
  }
  VH_CHECK(colours[0] > 10 && colours[1] > 10);
  VH_CHECK(mask.draw({2, 3, 3}, 7) == mask.draw({2, 3, 3}, 7));
  auto large = plugin.make<vh_mask_1>("squares", R"({"square": 2, "time": false})");
  const std::vector<uint8_t> one = large.draw({2, 4, 4}, 1);
  VH_CHECK(one[0] == one[1] && one[0] == one[4] && one[0] == one[16] && one[0] != one[2]);
  VH_CHECK_FAILS(plugin.make<vh_mask_1>("squares", R"({"square": 0})"), "is 0; want at least 1");
  return vh::test::result();
}
