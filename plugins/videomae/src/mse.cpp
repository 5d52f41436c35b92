#include "mse.h"

#include "vhost/cpp/tensor.hpp"

namespace videomae {

Mse::Mse(const vh::Build& build, const Params&)
    : per_masked_token_(build.in["pred"].coverage == VH_MASKED || build.in.has("weight")) {}

std::vector<vh::Spec> Mse::describe(const vh::Specs& in) const {
  const vh::Spec pred = in["pred"], target = in["target"];
  if (!pred.is_tokens() || !target.is_tokens())
    throw vh::argument_error(
        vh::str("mse needs prediction and target as tokens [B,N,C], not [", pred.axes, "] and [", target.axes, "]"));
  if (pred.size('C') != target.size('C'))
    throw vh::argument_error(
        vh::str("mse: the prediction has ", pred.size('C'), " values per token, the target ", target.size('C')));
  return {{.key = "loss.sum", .semantic = "loss"}};
}

void Mse::run(const vh::Step& step) const {
  const vh::Tensor pred = step.in("pred"), target = step.in("target"), weight = step.find("weight");
  vh::Tensor per_token = vh::ops::mse_loss(pred, target, vh::kReduceNone).mean({2});  // B x N
  if (weight.defined()) per_token = per_token * weight;
  const vh::Tensor per_sample = per_masked_token_ ? per_token.sum({1}) : per_token.mean({1});
  step.out("loss.sum", (per_sample * step.in("sample_weight")).sum());
}

}  // namespace videomae
