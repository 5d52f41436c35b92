// The pixels of each token's cube, as what a masked model must predict. A target sees the raw frames and the grid of
// the backbone's tokens; it runs in fp32 and without gradients.
#include "vhost/cpp/vhost.hpp"

namespace {

// raw u8 [B,T,H,W,3] -> target.pixels [B,N,t*h*w*3]. The host gathers the masked tokens from it.
class Pixels {
 public:
  struct Params {  // the manifest's keys: default, range and what `vhost plugin inspect` says about them
    bool centred;
    template <class V>
    void describe(V& v) {
      v("centred", centred, false, "-1 to 1 in place of 0 to 1");
    }
  };
  Pixels(const vh::Build& build, const Params& params)
      : centred_(params.centred), cube_(build.in["features.0"].stride) {
    if (vh::cells(cube_) < 1) throw vh::argument_error("accepts features on a grid of tokens");
  }

  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    const vh::Spec features = in["features.0"];
    const char* semantic = centred_ ? "target" : "pixels";  // the latter can be drawn: `vhost show`
    return {vh::tokens_spec("target.pixels", semantic, features.grid, cube_, 3 * vh::cells(cube_))};
  }

  void run(const vh::Step& step) {
    const vh::Tensor raw = step.in("raw");
    const int64_t b = raw.size(0), t = raw.size(1) / cube_[0], h = raw.size(2) / cube_[1], w = raw.size(3) / cube_[2];
    vh::Tensor x = raw.view({b, t, cube_[0], h, cube_[1], w, cube_[2], 3}).permute({0, 1, 3, 5, 2, 4, 6, 7});
    x = vh::ops::type_as(x.reshape({b, t * h * w, 3 * vh::cells(cube_)}), step.in("input"));  // B x N x cube
    step.out("target.pixels", centred_ ? x / 127.5 - 1 : x / 255);
  }

 private:
  bool centred_;
  vh::Grid cube_;  // input samples of a token: t, h, w
};

}  // namespace

VH_PLUGIN(vh::target<Pixels>("pixels", "The pixels of each token's cube"));
