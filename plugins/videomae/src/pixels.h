// Pixels as the target of masked autoencoding (arXiv:2203.12602, section 4.1; normalisation per cube as in
// arXiv:2111.06377).
#pragma once
#include "vhost/cpp/plugin.hpp"

namespace videomae {

// raw u8 [B,T,H,W,C] -> target.pixels [B,N,P*C]: the pixels of a cube in the order t, h, w, channel. With a mask only
// the masked cubes are computed (coverage VH_MASKED), unless its cells are larger than the cubes.
class Pixels {
 public:
  struct Params {
    bool norm_pix;
    template <class V>
    void describe(V& v) {
      v("norm_pix", norm_pix, true, "subtract each cube's mean and divide by its standard deviation, per channel");
    }
  };
  static constexpr uint32_t kCaps = VH_CAP_META | VH_CAP_DOUBLE | VH_CAP_GRAPH_SAFE;

  Pixels(const vh::Build& build, const Params& params);
  std::vector<vh::Spec> describe(const vh::Specs& in) const;
  void run(const vh::Step& step) const;

 private:
  vh::Grid cube_;  // input samples of a cube: t, h, w
  vh::DType dtype_;
  bool norm_pix_, masked_only_;
};

}  // namespace videomae
