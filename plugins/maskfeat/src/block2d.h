// The block-wise mask of BEiT (arXiv:2106.08254, algorithm 1), with which MaskFeat (arXiv:2112.09133) masks images.
#pragma once
#include "vhost/cpp/plugin.hpp"

namespace maskfeat {

// Rectangles until exactly `count` cells of a frame are masked; where none fits any more, single cells. On a grid of
// several frames the mask is the same in each.
class Block2d {
 public:
  struct Params {
    std::optional<int64_t> count, min_cells, max_cells;
    double ratio, aspect;
    int64_t tries;
    bool exclusive_border;
    template <class V>
    void describe(V& v) {
      v("ratio", ratio, 0.4, vh::range(0, 1), "share of the cells of a frame that is masked, rounded to nearest");
      v("count", count, std::nullopt, vh::at_least(1), "masked cells of a frame; null: by ratio");
      v("min_cells", min_cells, std::nullopt, vh::at_least(1),
        "area of the smallest rectangle; null: a fifth of the masked cells of a frame, rounded down");
      v("max_cells", max_cells, std::nullopt, vh::at_least(1),
        "area of the largest rectangle; null: as many as are still to be masked");
      v("aspect", aspect, 0.3, vh::range(0.001, 1),
        "height over width is between this and its inverse, evenly on a log scale");
      v("tries", tries, 1000, vh::range(1, 1000000),
        "rectangles that may fail to fit, one after the other, until single cells are masked instead");
      v("exclusive_border", exclusive_border, false,
        "never mask the last row and the last column, as mmpretrain 1.x does by its choice of random numbers");
    }
  };

  Block2d(const vh::Build&, const Params& params);
  std::pair<int64_t, int64_t> counts(const vh::Grid& grid) const;
  void draw(const vh::Grid& grid, uint64_t seed, uint8_t* mask) const;

 private:
  int64_t masked_per_frame(const vh::Grid& grid) const;
  Params params_;
};

}  // namespace maskfeat
