// A mask in squares, as on a checkerboard: every masked square has visible ones on all sides.
#include "vhost/cpp/plugin.hpp"

namespace {

class Checkerboard {
 public:
  struct Params {
    int64_t square;
    bool time;
    template <class V>
    void describe(V& v) {
      v("square", square, 1, vh::range(1, 64), "cells along a square's side");
      v("time", time, true, "colours change from frame to frame of cells; false: the same board in all");
    }
  };
  Checkerboard(const vh::Build&, const Params& params) : p_(params) {}

  std::pair<int64_t, int64_t> counts(const vh::Grid& grid) const {
    int64_t odd = 0;
    for_each(grid, [&](int64_t, bool black) { odd += black; });
    return std::minmax({odd, vh::cells(grid) - odd});
  }

  // The seed chooses the colour that is masked.
  void draw(const vh::Grid& grid, uint64_t seed, uint8_t* mask) const {
    vh_random random = vh_random_from(seed);
    const bool masked = vh_random_below(&random, 2) == 1;
    for_each(grid, [&](int64_t i, bool black) { mask[i] = black == masked; });
  }

 private:
  template <class F>
  void for_each(const vh::Grid& grid, const F& fn) const {
    int64_t i = 0;
    for (int64_t t = 0; t < grid[0]; ++t)
      for (int64_t h = 0; h < grid[1]; ++h)
        for (int64_t w = 0; w < grid[2]; ++w) fn(i++, ((p_.time ? t : 0) + h / p_.square + w / p_.square) % 2 == 1);
  }
  Params p_;
};

}  // namespace

VH_PLUGIN(vh::mask<Checkerboard>("squares", "Every other square, like one colour of a checkerboard"));
