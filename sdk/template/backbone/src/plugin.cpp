// A convolution cuts the clip into tokens; each then sees the mean of all. A backbone makes features of the normalised
// input, and says what it can do with a mask: here masked tokens are replaced by a learned one.
#include "vhost/cpp/vhost.hpp"

namespace {

// input [B,3,T,H,W] -> features.0 [B,N,width], tokens in the order t, h, w.
class Conv {
 public:
  struct Params {  // the manifest's keys: default, range and what `vhost plugin inspect` says about them
    int64_t width;
    std::vector<int64_t> patch;
    template <class V>
    void describe(V& v) {
      v("width", width, 32, vh::range(1, 4096), "channels of a token");
      v("patch", patch, {2, 8, 8}, vh::length(3) | vh::at_least(1), "frames, rows and columns of a token");
    }
  };

  // All parameters are made here, only those that will be used; their names are below build.scope.
  Conv(const vh::Build& build, const Params& p)
      : cell_{p.patch[0], p.patch[1], p.patch[2]},
        embed_(build.scope / "embed", build.in["input"].size('C'), p.width, {.kernel = p.patch, .stride = p.patch}),
        norm_(build.scope / "norm", p.width),
        mix_(build.scope / "mix", 2 * p.width, p.width) {
    if (build.in.has("mask.bool"))
      mask_token_ = build.scope.param("mask_token", {p.width}, {.init = "normal(std=0.02)"});
  }

  vh::MaskModes mask_modes() const { return {VH_MASK_NONE | VH_MASK_REPLACE, cell_}; }

  // What comes out, for inputs of any size that fits; vh::grid_of throws if the patches don't tile it.
  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    return {vh::tokens_spec("features.0", "features", vh::grid_of(in["input"], cell_), cell_, norm_.weight.size(0))};
  }

  void run(const vh::Step& step) {
    vh::Tensor x = embed_(step.in("input")).flatten(2).transpose(1, 2);  // B x N x width
    if (mask_token_.defined()) x = vh::ops::where(step.in("mask.bool").unsqueeze(-1), mask_token_, x);
    x = norm_(x);
    const vh::Tensor mean = vh::ops::expand_as(x.mean(1, /*keepdim=*/true), x);
    step.out("features.0", vh::ops::gelu(mix_(vh::ops::cat({x, mean}, -1))));
  }

 private:
  vh::Grid cell_;  // input samples of a token: t, h, w
  vh::nn::Conv3d embed_;
  vh::nn::LayerNorm norm_;
  vh::nn::Linear mix_;
  vh::Tensor mask_token_;
};

}  // namespace

VH_PLUGIN(vh::backbone<Conv>("conv", "One 3-D convolution into tokens that see their mean"));
