// A classifier with one hidden layer.
#include "vhost/cpp/vhost.hpp"

namespace {

// features.0 as [B,N,C], [B,C,T,H,W] or [B,C] -> pred.logits [B,K].
class MlpHead {
 public:
  struct Params {
    int64_t hidden;
    double dropout;
    template <class V>
    void describe(V& v) {
      v("hidden", hidden, 64, vh::range(1, 65536), "width of the hidden layer");
      v("dropout", dropout, 0.0, vh::range(0, 0.9), "before the last layer");
    }
  };

  MlpHead(const vh::Build& build, const Params& params) : classes_(build.wanted().classes), drop_{params.dropout} {
    if (classes_ < 1) throw vh::argument_error(vh::str("predicts classes, and '", build.wanted().key, "' has none"));
    describe(build.in);
    fc1_ = vh::nn::Linear(build.scope / "fc1", build.in["features.0"].size('C'), params.hidden);
    fc2_ = vh::nn::Linear(build.scope / "fc2", params.hidden, classes_);
  }

  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    const std::string axes = in["features.0"].axes;
    if (axes != "BNC" && axes != "BCTHW" && axes != "BC")
      throw vh::argument_error("accepts features [B,N,C], [B,C,T,H,W] or [B,C], not [" + axes + "]");
    return {vh::logits_spec("pred.logits", classes_)};
  }

  void run(const vh::Step& step) {
    vh::Tensor x = step.in("features.0");
    if (x.dim() > 2) x = x.dim() == 3 ? x.mean(1) : x.mean({2, 3, 4});  // B x C
    x = vh::ops::gelu(fc1_(x));
    step.out("pred.logits", fc2_(drop_(x, step.train())));
  }

 private:
  int64_t classes_;
  vh::nn::Dropout drop_;
  vh::nn::Linear fc1_, fc2_;
};

}  // namespace

VH_PLUGIN(vh::head<MlpHead>("classes", "Mean of the features, hidden layer, linear layer"));
