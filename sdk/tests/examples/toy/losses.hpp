// Losses: mean squared error per token, and cross-entropy per sample.
#pragma once
#include "vhost/cpp/plugin.hpp"

namespace toy {

class Mse {
 public:
  using Params = vh::NoParams;
  Mse(const vh::Build& b, const Params&) : masked_(b.in["pred"].coverage == VH_MASKED) {}
  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    if (in["pred"].size('C') != in["target"].size('C'))
      throw vh::argument_error(
          vh::str("pred has ", in["pred"].size('C'), " channels, target ", in["target"].size('C')));
    return {{.key = "loss.sum", .semantic = "loss"}};
  }
  uint32_t normaliser() const { return masked_ ? VH_DIVIDE_MASKED : VH_DIVIDE_SAMPLES; }
  void run(const vh::Step& step) {
    const vh::Tensor d = step.in("pred") - step.in("target");  // B x N x C
    const vh::Tensor per_token = (d * d).mean(-1);             // B x N
    const vh::Tensor per_sample = masked_ ? per_token.sum(1) : per_token.mean(1);
    step.out("loss.sum", (per_sample * step.in("sample_weight")).sum());
  }

 private:
  bool masked_;
};

class Xent {
 public:
  using Params = vh::NoParams;
  Xent(const vh::Build&, const Params&) {}
  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    if (in["pred"].axes != "BK") throw vh::argument_error("accepts logits [B,K]");
    return {{.key = "loss.sum", .semantic = "loss"}};
  }
  uint32_t normaliser() const { return VH_DIVIDE_SAMPLES; }
  void run(const vh::Step& step) {
    const vh::Tensor each = vh::ops::cross_entropy_loss(step.in("pred"), step.in("target"), {}, vh::kReduceNone);  // B
    step.out("loss.sum", (each * step.in("sample_weight")).sum());
  }
};

}  // namespace toy
