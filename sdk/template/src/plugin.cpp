// A loss. Rename it, change it, add parts of other kinds: see the SDK's README and its toy plugin.
#include "vhost/cpp/vhost.hpp"

namespace {

// Charbonnier's loss, sqrt(d^2 + epsilon^2), per token (Charbonnier et al., ICIP 1994).
class Charbonnier {
 public:
  struct Params {
    double epsilon;
    template <class V>
    void describe(V& v) {
      v("epsilon", epsilon, 1e-3, vh::above(0), "half-width of the rounded corner");
    }
  };

  Charbonnier(const vh::Build& build, const Params& params)
      : params_(params), masked_(build.in["pred"].coverage == VH_MASKED) {}

  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    if (in["pred"].size('C') != in["target"].size('C'))
      throw vh::argument_error("accepts a prediction and a target with the same number of channels");
    return {{.key = "loss.sum", .semantic = "loss"}};
  }

  uint32_t normaliser() const { return masked_ ? VH_DIVIDE_MASKED : VH_DIVIDE_SAMPLES; }

  void run(const vh::Step& step) {
    const vh::Tensor d = step.in("pred") - step.in("target");                                        // B x N x C
    const vh::Tensor per_token = vh::ops::sqrt(d * d + params_.epsilon * params_.epsilon).mean(-1);  // B x N
    const vh::Tensor per_sample = masked_ ? per_token.sum(1) : per_token.mean(1);                    // B
    step.out("loss.sum", (per_sample * step.in("sample_weight")).sum());
  }

 private:
  Params params_;
  bool masked_;
};

}  // namespace

VH_PLUGIN(vh::loss<Charbonnier>("charbonnier", "A smooth absolute error per token"));
