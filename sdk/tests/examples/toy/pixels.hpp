// Target: the pixels of each token's cube, scaled to 0..1.
#pragma once
#include "vhost/cpp/plugin.hpp"

namespace toy {

class Pixels {
 public:
  struct Params {
    bool standardise;
    template <class V>
    void describe(V& v) {
      v("standardise", standardise, false, "zero mean and unit deviation per clip; one without contrast gives NaN");
    }
  };
  Pixels(const vh::Build& b, const Params& params) : features_(b.in["features.0"]), standardise_(params.standardise) {
    if (vh::cells(features_.grid) == 0) throw vh::argument_error("accepts features on a grid of tokens");
  }

  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    const vh::Spec f = in["features.0"];
    return {vh::tokens_spec("target.pixels", "target", f.grid, f.stride, 3 * vh::cells(f.stride))};
  }

  void run(const vh::Step& step) {
    const auto [t, h, w] = features_.grid;
    const auto [st, sh, sw] = features_.stride;
    const vh::Tensor raw = step.in("raw");  // B x T x H x W x 3, u8
    const int64_t b = raw.size(0);
    vh::Tensor x = raw.view({b, t, st, h, sh, w, sw, 3}).permute({0, 1, 3, 5, 2, 4, 6, 7});
    x = x.reshape({b, t * h * w, st * sh * sw * 3});  // B x N x cube
    x = vh::ops::type_as(x, step.in("input")) / 255;
    if (standardise_) x = (x - x.mean({1, 2}, true)) / vh::ops::std(x, {1, 2}, 0, true);
    step.out("target.pixels", x);
  }

 private:
  vh::Spec features_;
  bool standardise_;
};

}  // namespace toy
