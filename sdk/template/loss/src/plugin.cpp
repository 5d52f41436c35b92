// Charbonnier's loss, sqrt(d^2 + epsilon^2) per value (Charbonnier et al., ICIP 1994). A loss gives one sum; the host
// divides it by what normaliser() names, over all micro-batches of a step.
#include "vhost/cpp/vhost.hpp"

namespace {

// pred and target [B,N,C] in fp32 -> loss.sum.
class Charbonnier {
 public:
  struct Params {  // the manifest's keys: default, range and what `vhost plugin inspect` says about them
    double epsilon;
    template <class V>
    void describe(V& v) {
      v("epsilon", epsilon, 1e-3, vh::above(0), "half-width of the rounded corner");
    }
  };

  Charbonnier(const vh::Build& build, const Params& params)
      : epsilon_(params.epsilon), masked_(build.in["pred"].coverage == VH_MASKED) {}

  // What comes out. Throw if what arrives doesn't fit: the user reads it with the file and line of their manifest.
  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    const vh::Spec pred = in["pred"], target = in["target"];
    if (!pred.is_tokens() || !target.is_tokens() || pred.size('C') != target.size('C'))
      throw vh::argument_error(vh::str("accepts tokens [B,N,C] with the same C, not [", pred.axes, "] ",
                                       vh::text(pred.dim), " and [", target.axes, "] ", vh::text(target.dim)));
    return {{.key = "loss.sum", .semantic = "loss"}};
  }

  uint32_t normaliser() const { return masked_ ? VH_DIVIDE_MASKED : VH_DIVIDE_SAMPLES; }

  void run(const vh::Step& step) {
    const vh::Tensor d = step.in("pred") - step.in("target");                          // B x N x C
    const vh::Tensor per_token = vh::ops::sqrt(d * d + epsilon_ * epsilon_).mean(-1);  // B x N
    const vh::Tensor per_sample = masked_ ? per_token.sum(1) : per_token.mean(1);      // B
    step.out("loss.sum", (per_sample * step.in("sample_weight")).sum());  // the weight is 0 for padding rows
  }

 private:
  double epsilon_;
  bool masked_;  // the prediction covers the masked tokens only
};

}  // namespace

VH_PLUGIN(vh::loss<Charbonnier>("charbonnier", "A smooth absolute error per token"));
