// A mask of a fixed share of cells, anywhere. A mask chooses cells on the CPU, for one sample at a time, from that
// sample's seed alone; the host makes the lists of visible and masked tokens of it.
#include "vhost/cpp/plugin.hpp"

#include <cmath>

namespace {

class RandomMask {
 public:
  struct Params {  // the manifest's keys: default, range and what `vhost plugin inspect` says about them
    double ratio;
    template <class V>
    void describe(V& v) {
      v("ratio", ratio, 0.5, vh::range(0.01, 0.99), "share of cells that is masked");
    }
  };
  RandomMask(const vh::Build&, const Params& params) : ratio_(params.ratio) {}

  // Fewest and most masked cells on a grid of t,h,w. If they are equal, a backbone may drop the masked tokens.
  std::pair<int64_t, int64_t> counts(const vh::Grid& grid) const {
    const int64_t all = vh::cells(grid), n = std::llround(ratio_ * static_cast<double>(all));
    if (n < 1 || n >= all)
      throw vh::param_error("/ratio",
                            vh::str("masks ", n, " of ", all, " cells; want at least 1 masked and 1 visible"));
    return {n, n};
  }

  // [worker] Many threads at once on one object: mask[t*h*w], 1 = masked. Each cell is taken with the chance that the
  // rest still needs (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S).
  void draw(const vh::Grid& grid, uint64_t seed, uint8_t* mask) const {
    vh_random random = vh_random_from(seed);
    int64_t left = vh::cells(grid), wanted = counts(grid).first;
    for (; left > 0; --left) {
      *mask = vh_random_below(&random, left) < wanted;
      wanted -= *mask++;
    }
  }

 private:
  double ratio_;
};

}  // namespace

VH_PLUGIN(vh::mask<RandomMask>("random", "A fixed share of all cells, anywhere"));
