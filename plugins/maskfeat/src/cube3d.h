// MaskFeat's mask for video (arXiv:2112.09133, section 4.2): cubes of random extent in space and time.
#pragma once
#include "vhost/cpp/plugin.hpp"

namespace maskfeat {

// Cubes of cells until `count` are masked, or none fits any more: the number varies, and is at most a tenth below count
// (single cells make up what is missing to that). An image grid has cubes of one frame.
class Cube3d {
 public:
  struct Params {
    std::optional<int64_t> count, min_cells, max_cells;
    double ratio, aspect;
    int64_t tries;
    bool exact;
    template <class V>
    void describe(V& v) {
      v("ratio", ratio, 0.4, vh::range(0, 1), "share of the cells that is masked at most, rounded to nearest");
      v("count", count, std::nullopt, vh::at_least(1), "masked cells at most; null: by ratio");
      v("min_cells", min_cells, std::nullopt, vh::at_least(1),
        "area of the smallest cube in a frame; null: a fifth of the cells of a frame, rounded down");
      v("max_cells", max_cells, std::nullopt, vh::at_least(1),
        "area of the largest cube in a frame; null: all cells of a frame");
      v("aspect", aspect, 0.3, vh::range(0.001, 1),
        "height over width is between this and its inverse, evenly on a log scale");
      v("tries", tries, 100, vh::range(1, 1000000),
        "cubes that may fail to fit, one after the other, until it is left at that");
      v("exact", exact, false,
        "mask single cells where no cube fits, so that the number is always the same, as mode drop needs");
    }
  };

  Cube3d(const vh::Build&, const Params& params);
  std::pair<int64_t, int64_t> counts(const vh::Grid& grid) const;
  void draw(const vh::Grid& grid, uint64_t seed, uint8_t* mask) const;

 private:
  Params params_;
};

}  // namespace maskfeat
