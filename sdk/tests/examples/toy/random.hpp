// Mask: a fixed share of all cells, anywhere.
#pragma once
#include <cmath>
#include <numeric>

#include "vhost/cpp/plugin.hpp"

namespace toy {

class RandomMask {
 public:
  struct Params {
    double ratio;
    template <class V>
    void describe(V& v) {
      v("ratio", ratio, 0.5, vh::range(0, 0.99), "share of cells that is masked");
    }
  };
  RandomMask(const vh::Build&, const Params& params) : p_(params) {}

  std::pair<int64_t, int64_t> counts(const vh::Grid& grid) const {
    const int64_t n = std::llround(p_.ratio * static_cast<double>(vh::cells(grid)));
    return {n, n};
  }
  void draw(const vh::Grid& grid, uint64_t seed, uint8_t* mask) const {
    std::vector<int64_t> order(static_cast<size_t>(vh::cells(grid)));
    std::iota(order.begin(), order.end(), 0);
    vh_random random = vh_random_from(seed);
    vh_random_shuffle(&random, order.data(), vh::cells(grid));
    for (int64_t i = 0; i < vh::cells(grid); ++i) mask[order[static_cast<size_t>(i)]] = i < counts(grid).first;
  }

 private:
  Params p_;
};

}  // namespace toy
