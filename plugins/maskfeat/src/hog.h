// Histograms of oriented gradients as the target of masked prediction (arXiv:2112.09133, section 3): Note [HOG].
#pragma once
#include "hog_layout.h"
#include "vhost/cpp/plugin.hpp"

namespace maskfeat {

// raw u8 [B,T,H,W,C], or without it input [B,C,T,H,W] -> target.hog [B,N,F] in fp32 (float64 if the model is): the
// features of every token of features.0's grid, in the order of Note [Layout of HOG]. Each token's cells come from the
// first frame it covers (frames 0, 2, 4 .. with tubelets of 2). A token covers a whole number of cells along h and w.
class Hog {
 public:
  struct Params {
    int64_t bins, cell, gaussian_window;
    std::string implementation;
    template <class V>
    void describe(V& v) {
      v("bins", bins, 9, vh::range(2, 36), "orientations in half a turn");
      v("cell", cell, 8, vh::range(2, 64), "pixels along one side of a cell");
      v("gaussian_window", gaussian_window, 16, vh::range(0, 256),
        "side in pixels of the Gaussian window that weighs gradients, tiled; 0: none, as in PySlowFast");
      v("implementation", implementation, "auto", vh::choices("auto", "operators"),
        "auto: a kernel of the device's for 9 bins and cells of 8; operators: LibTorch's, anywhere");
    }
  };
  static constexpr uint32_t kCaps = VH_CAP_META | VH_CAP_DOUBLE | VH_CAP_GRAPH_SAFE;

  Hog(const vh::Build& build, const Params& params);
  std::vector<vh::Spec> describe(const vh::Specs& in) const;
  void run(const vh::Step& step) const;

 private:
  HogShape shape_of(int64_t height, int64_t width, int64_t channels) const;  // without frames; throws if it can't be

  Params params_;
  vh::Grid token_;  // input samples of a token: t, h, w
  vh::DType dtype_;
};

}  // namespace maskfeat
