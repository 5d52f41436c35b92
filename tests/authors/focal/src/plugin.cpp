// Focal loss (Lin et al., "Focal Loss for Dense Object Detection", ICCV 2017): samples that are easy already count
// less.
#include "vhost/cpp/plugin.hpp"

#include "vhost/cpp/tensor.hpp"

namespace {

// pred [B,K] logits, target [B] class indices -> loss.sum of -(1 - p)^gamma log p, p being the label's probability.
class Focal {
 public:
  struct Params {
    double gamma;
    template <class V>
    void describe(V& v) {
      v("gamma", gamma, 2.0, vh::range(0, 10), "0: cross-entropy; the larger, the less easy samples count");
    }
  };
  Focal(const vh::Build&, const Params& params) : gamma_(params.gamma) {}

  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    const vh::Spec pred = in["pred"], target = in["target"];
    if (pred.axes != "BK" || target.dtype != vh::DType::i64)
      throw vh::argument_error(vh::str("accepts logits [B,K] and class indices i64 [B], not [", pred.axes, "] and ",
                                       vh::name(target.dtype), " [", target.axes, "]"));
    return {{.key = "loss.sum", .semantic = "loss"}};
  }

  uint32_t normaliser() const { return VH_DIVIDE_SAMPLES; }

  void run(const vh::Step& step) {
    const vh::Tensor all = vh::ops::log_softmax(step.in("pred"), -1);                             // B x K
    const vh::Tensor log_p = vh::ops::gather(all, 1, step.in("target").unsqueeze(1)).squeeze(1);  // B
    const vh::Tensor hard = vh::ops::pow_scalar(1 - vh::ops::exp(log_p), gamma_);                 // B
    step.out("loss.sum", (-hard * log_p * step.in("sample_weight")).sum());
  }

 private:
  double gamma_;
};

}  // namespace

VH_PLUGIN(vh::loss<Focal>("focal", "Cross-entropy that counts easy samples less"));
