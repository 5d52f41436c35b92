#include "cross_entropy.h"

#include "vhost/cpp/tensor.hpp"

namespace classify {

namespace {

constexpr int64_t kIgnoreIndex = -100;  // of the operator's signature; no label here has it

}  // namespace

std::vector<vh::Spec> CrossEntropy::describe(const vh::Specs& in) const {
  const vh::Spec pred = in["pred"], target = in["target"];
  if (pred.dim.size() != 2)
    throw vh::argument_error(vh::str("cross_entropy needs logits [B,K], not [", pred.axes, "]: use a head that pools"));
  const int64_t classes = pred.dim[1];
  const bool soft = target.dim.size() == 2;
  if (!soft && (target.dim.size() != 1 || target.dtype != vh::DType::i64))
    throw vh::argument_error(vh::str("cross_entropy needs class indices i64 [B] or probabilities [B,K] as target, not ",
                                     vh::name(target.dtype), " [", target.axes, "]"));
  const int64_t wanted = soft ? target.dim[1] : target.classes;
  if (wanted > 0 && wanted != classes)
    throw vh::argument_error(
        vh::str("cross_entropy: the head predicts ", classes, " classes, the labels have ", wanted));
  return {{.key = "loss.sum", .semantic = "loss"}};
}

void CrossEntropy::run(const vh::Step& step) const {
  const vh::Tensor pred = step.in("pred");
  vh::Tensor target = step.in("target");
  if (target.dim() == 2) target = target.to(pred.dtype());
  const vh::Tensor per_sample =
      vh::ops::cross_entropy_loss(pred, target, {}, vh::kReduceNone, kIgnoreIndex, label_smoothing_);  // B
  step.out("loss.sum", (per_sample * step.in("sample_weight")).sum());
}

}  // namespace classify
