// One linear layer on the backbone's tokens. A head is told what is wanted: a target, of which it predicts the last
// axis for each token, or labels, for which it gives one row of logits per sample.
#include "vhost/cpp/vhost.hpp"

namespace {

// features.0 [B,N,C] -> pred.NAME [B,Nm,width] for target.NAME, of the masked tokens if there is a mask; or pred.logits
// [B,K].
class Linear {
 public:
  struct Params {  // the manifest's keys: default, range and what `vhost plugin inspect` says about them
    double dropout;
    template <class V>
    void describe(V& v) {
      v("dropout", dropout, 0.0, vh::range(0, 0.9), "dropout probability before the layer");
    }
  };

  Linear(const vh::Build& build, const Params& params)
      : want_(build.wanted()),
        masked_(want_.classes == 0 && build.in.has("mask.masked_index")),
        prefix_(build.in["features.0"].prefix_tokens),
        width_(want_.classes > 0 ? want_.classes : want_.size('C')),
        drop_{params.dropout} {
    describe(build.in);
    fc_ = vh::nn::Linear(build.scope / "fc", build.in["features.0"].size('C'), width_);
  }

  // What comes out. Throw if what arrives doesn't fit: the user reads it with the file and line of their manifest.
  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    const vh::Spec f = in["features.0"];
    if (!f.is_tokens() || f.coverage != VH_ALL)
      throw vh::argument_error("accepts tokens [B,N,C] of the whole grid, not [" + f.axes + "]");
    if (want_.classes > 0) return {vh::logits_spec("pred.logits", width_)};
    return {vh::tokens_spec(name(), "tokens", f.grid, f.stride, width_, masked_ ? VH_MASKED : VH_ALL)};
  }

  void run(const vh::Step& step) {
    vh::Tensor x = drop_(step.in("features.0"), step.train());  // B x N x C
    if (want_.classes > 0) return step.out("pred.logits", fc_(x.mean(1)));
    x = vh::as_tokens(x, prefix_);                                                               // without class tokens
    if (masked_) x = vh::ops::take_along_dim(x, step.in("mask.masked_index").unsqueeze(-1), 1);  // B x Nm x C
    step.out(name(), fc_(x));
  }

 private:
  std::string name() const { return "pred." + want_.key.substr(want_.key.find('.') + 1); }
  vh::Spec want_;
  bool masked_;
  int64_t prefix_, width_;
  vh::nn::Dropout drop_;
  vh::nn::Linear fc_;
};

}  // namespace

VH_PLUGIN(vh::head<Linear>("linear", "One linear layer: per token, or on the tokens' mean"));
