// Head: one linear layer, on each masked token for a target, on the tokens' mean for labels.
#pragma once
#include "vhost/cpp/nn.hpp"
#include "vhost/cpp/plugin.hpp"

namespace toy {

class Linear {
 public:
  using Params = vh::NoParams;
  Linear(const vh::Build& b, const Params&)
      : want_(b.wanted()),
        labels_(want_.classes > 0),
        masked_(!labels_ && b.in.has("mask.masked_index")),
        width_(labels_ ? want_.classes : want_.size('C')),
        fc_(b.scope / "fc", b.in["features.0"].size('C'), width_) {
    describe(b.in);
  }

  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    const vh::Spec f = in["features.0"];
    if (!f.is_tokens() || f.coverage != VH_ALL || f.prefix_tokens)
      throw vh::argument_error("accepts tokens [B,N,C] of all cells, without a class token");
    if (labels_) return {vh::logits_spec("pred.logits", width_)};
    return {vh::tokens_spec(name(), "tokens", f.grid, f.stride, width_, masked_ ? VH_MASKED : VH_ALL)};
  }

  void run(const vh::Step& step) {
    vh::Tensor x = step.in("features.0");  // B x N x C
    if (labels_) return step.out("pred.logits", fc_(x.mean(1)));
    if (masked_) x = vh::ops::take_along_dim(x, step.in("mask.masked_index").unsqueeze(-1), 1);  // B x Nm x C
    step.out(name(), fc_(x));
  }

 private:
  std::string name() const { return "pred." + want_.key.substr(want_.key.find('.') + 1); }
  vh::Spec want_;
  bool labels_, masked_;
  int64_t width_;
  vh::nn::Linear fc_;
};

}  // namespace toy
