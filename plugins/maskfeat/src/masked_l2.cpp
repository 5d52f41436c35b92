#include "masked_l2.h"

#include "vhost/cpp/tensor.hpp"

namespace maskfeat {

std::vector<vh::Spec> MaskedL2::describe(const vh::Specs& in) const {
  const vh::Spec pred = in["pred"], target = in["target"];
  if (!pred.is_tokens() || !target.is_tokens())
    throw vh::argument_error(vh::str("masked_l2 needs prediction and target as tokens [B,N,C], not [", pred.axes,
                                     "] and [", target.axes, "]"));
  if (pred.size('C') != target.size('C'))
    throw vh::argument_error(
        vh::str("masked_l2: the prediction has ", pred.size('C'), " values per token, the target ", target.size('C')));
  if (pred.coverage != VH_MASKED && !in.has("weight"))
    throw vh::argument_error("masked_l2 needs a mask, which says where to compare: add \"mask\" to the manifest");
  return {{.key = "loss.sum", .semantic = "loss"}};
}

void MaskedL2::run(const vh::Step& step) const {
  const vh::Tensor weight = step.find("weight");
  vh::Tensor per_token = vh::ops::mse_loss(step.in("pred"), step.in("target"), vh::kReduceNone).mean({2});  // B x N
  if (weight.defined()) per_token = per_token * weight;
  step.out("loss.sum", (per_token.sum({1}) * step.in("sample_weight")).sum());
}

}  // namespace maskfeat
