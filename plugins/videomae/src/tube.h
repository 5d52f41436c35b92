// The tube mask of VideoMAE (arXiv:2203.12602, section 3.3): one choice of cells, the same in every frame of tokens.
#pragma once
#include "vhost/cpp/plugin.hpp"

namespace videomae {

class Tube {
 public:
  struct Params {
    double ratio;
    template <class V>
    void describe(V& v) {
      v("ratio", ratio, 0.9, vh::range(0, 1),
        "share of the cells of a frame that is masked, rounded down; fewer than all");
    }
  };

  Tube(const vh::Build&, const Params& params) : ratio_(params.ratio) {}

  std::pair<int64_t, int64_t> counts(const vh::Grid& grid) const;
  void draw(const vh::Grid& grid, uint64_t seed, uint8_t* mask) const;

 private:
  int64_t masked_per_frame(const vh::Grid& grid) const;
  double ratio_;
};

}  // namespace videomae
