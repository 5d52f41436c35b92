// Backbone: a 3-D convolution cuts the clip into tokens; each sees the mean of all. Masked tokens are replaced by a learned one.
#pragma once
#include "vhost/cpp/nn.hpp"
#include "vhost/cpp/plugin.hpp"

namespace toy {

class Conv {
 public:
  struct Params {
    int64_t width, tubelet, patch;
    double drop;
    template <class V>
    void describe(V& v) {
      v("width", width, 16, vh::range(1, 4096), "channels");
      v("tubelet", tubelet, 2, vh::at_least(1), "frames of a token");
      v("patch", patch, 4, vh::at_least(1), "width and height of a token in pixels");
      v("drop", drop, 0.0, vh::range(0, 0.9), "dropout probability");
    }
  };
  Conv(const vh::Build& b, const Params& p)
      : p_(p), embed_(b.scope / "embed", 3, p.width, {.kernel = unit(), .stride = unit()}),
        norm_(b.scope / "norm", p.width), mix_(b.scope / "mix", 2 * p.width, p.width), drop_{p.drop} {
    if (b.in.has("mask.bool")) mask_token_ = b.scope.param("mask_token", {p.width}, {.init = "normal(std=0.02)"});
  }

  vh::MaskModes mask_modes() const { return {VH_MASK_NONE | VH_MASK_REPLACE, unit3()}; }

  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    const vh::Spec input = in["input"];  // B x C x T x H x W
    vh::Grid grid;
    for (size_t i = 0; i < 3; ++i) {
      grid[i] = input.dim[i + 2] / unit3()[i];
      if (grid[i] * unit3()[i] != input.dim[i + 2])
        throw vh::argument_error(vh::str("input ", vh::text(input.dim), " isn't divisible into tokens of ", vh::text(unit())));
    }
    return {{.key = "features.0", .semantic = "features", .axes = "BNC", .dim = {vh::kBatch, vh::cells(grid), p_.width},
             .grid = grid, .stride = unit3()}};
  }

  void run(const vh::Step& step) {
    vh::Tensor x = embed_(step.in("input")).flatten(2).transpose(1, 2);  // B x N x C
    if (mask_token_.defined()) x = vh::ops::where(step.in("mask.bool").unsqueeze(-1), mask_token_, x);
    x = norm_(x);
    const vh::Tensor all = vh::ops::expand_as(x.mean(1, /*keepdim=*/true), x);
    x = vh::ops::gelu(mix_(vh::ops::cat({x, all}, -1)));
    step.out("features.0", drop_(x, step.train()));
  }

 private:
  std::vector<int64_t> unit() const { return {p_.tubelet, p_.patch, p_.patch}; }
  vh::Grid unit3() const { return {p_.tubelet, p_.patch, p_.patch}; }
  Params p_;
  vh::nn::Conv3d embed_;
  vh::nn::LayerNorm norm_;
  vh::nn::Linear mix_;
  vh::nn::Dropout drop_;
  vh::Tensor mask_token_;
};

}  // namespace toy
