// Backbone: a 3-D convolution cuts the clip into tokens; each sees the mean of all. Masked ones are replaced.
#pragma once
#include "vhost/cpp/nn.hpp"
#include "vhost/cpp/plugin.hpp"

namespace toy {

class Conv {
 public:
  struct Params {
    int64_t width;
    std::vector<int64_t> patch;
    double drop;
    template <class V>
    void describe(V& v) {
      v("width", width, 16, vh::range(1, 4096), "channels");
      v("patch", patch, {2, 4, 4}, vh::length(3) | vh::at_least(1), "frames, rows and columns of a token");
      v("drop", drop, 0.0, vh::range(0, 0.9), "dropout probability");
    }
  };
  Conv(const vh::Build& b, const Params& p)
      : cell_{p.patch[0], p.patch[1], p.patch[2]},
        embed_(b.scope / "embed", 3, p.width, {.kernel = p.patch, .stride = p.patch}),
        norm_(b.scope / "norm", p.width),
        mix_(b.scope / "mix", 2 * p.width, p.width),
        drop_{p.drop} {
    if (b.in.has("mask.bool")) mask_token_ = b.scope.param("mask_token", {p.width}, {.init = "normal(std=0.02)"});
  }

  vh::MaskModes mask_modes() const { return {VH_MASK_NONE | VH_MASK_REPLACE, cell_}; }

  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    const vh::Grid grid = vh::grid_of(in["input"], cell_);
    return {vh::tokens_spec("features.0", "features", grid, cell_, norm_.weight.size(0))};
  }

  void run(const vh::Step& step) {
    vh::Tensor x = embed_(step.in("input")).flatten(2).transpose(1, 2);  // B x N x C
    if (mask_token_.defined()) x = vh::ops::where(step.in("mask.bool").unsqueeze(-1), mask_token_, x);
    x = norm_(x);
    const vh::Tensor mean = vh::ops::expand_as(x.mean(1, /*keepdim=*/true), x);
    x = vh::ops::gelu(mix_(vh::ops::cat({x, mean}, -1)));
    step.out("features.0", drop_(x, step.train()));
  }

 private:
  vh::Grid cell_;
  vh::nn::Conv3d embed_;
  vh::nn::LayerNorm norm_;
  vh::nn::Linear mix_;
  vh::nn::Dropout drop_;
  vh::Tensor mask_token_;
};

}  // namespace toy
