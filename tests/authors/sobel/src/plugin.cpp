// Edges by Sobel's operator (Sobel and Feldman, 1968) as the target of masked modelling: what changes in the picture,
// not how bright it is.
#include "vhost/cpp/vhost.hpp"

namespace {

// raw u8 [B,T,H,W,3] -> target.edges [B,N,t*h*w]: the strength of the edge at each pixel of a token's cube, 0 to
// about 1.
class Edges {
 public:
  struct Params {
    bool log;
    template <class V>
    void describe(V& v) {
      v("log", log, false, "log(1 + 10 e): lets faint edges count");
    }
  };

  Edges(const vh::Build& build, const Params& params) : log_(params.log), cube_(build.in["features.0"].stride) {
    if (vh::cells(cube_) < 1) throw vh::argument_error("accepts features on a grid of tokens");
    const float kernels[2][3][3] = {{{-1, 0, 1}, {-2, 0, 2}, {-1, 0, 1}}, {{-1, -2, -1}, {0, 0, 0}, {1, 2, 1}}};
    kernels_ = build.scope.buffer("kernels", vh::from_host(kernels, {2, 1, 3, 3}, vh::DType::f32, build.device),
                                  /*saved=*/false);
  }

  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    const vh::Spec features = in["features.0"];
    return {vh::tokens_spec("target.edges", "target", features.grid, cube_, vh::cells(cube_))};
  }

  void run(const vh::Step& step) {
    const vh::Tensor raw = step.in("raw");
    const int64_t b = raw.size(0), t = raw.size(1), h = raw.size(2), w = raw.size(3);
    const auto [ct, ch, cw] = cube_;
    vh::Tensor x = raw.to(kernels_.dtype()).mean(-1).reshape({b * t, 1, h, w}) / 255;  // grey
    x = vh::ops::conv2d(vh::ops::pad(x, {1, 1, 1, 1}, "replicate"), kernels_) / 4;     // B*T x 2 x H x W
    x = vh::ops::sqrt((x * x).sum(1));                                                 // B*T x H x W
    if (log_) x = vh::ops::log1p(x * 10);
    x = x.reshape({b, t / ct, ct, h / ch, ch, w / cw, cw}).permute({0, 1, 3, 5, 2, 4, 6});
    step.out("target.edges", x.reshape({b, t / ct * (h / ch) * (w / cw), ct * ch * cw}));  // B x N x cube
  }

 private:
  bool log_;
  vh::Grid cube_;  // input samples of a token: t, h, w
  vh::Tensor kernels_;
};

}  // namespace

VH_PLUGIN(vh::target<Edges>("edges", "Strength of the edge at each pixel of a token's cube"));
