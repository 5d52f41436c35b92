#include "engine/scores.h"

#include <limits>

#include "base/error.h"

namespace vhost {

namespace {

at::Tensor finite_first(const at::Tensor& scores) {
  return scores.masked_fill(scores.isfinite().logical_not(), -std::numeric_limits<double>::infinity());
}

}  // namespace

Combine combine_of(const std::string& name) {
  if (name == "softmax_mean") return Combine::softmax_mean;
  if (name == "logits_mean") return Combine::logits_mean;
  throw Error("eval.combine: \"" + name + "\" is none of softmax_mean, logits_mean");
}

at::Tensor combined_scores(const at::Tensor& logits, int64_t views, Combine combine) {
  const at::Tensor all = logits.detach().to(at::kCPU, at::kFloat).view({-1, views, logits.size(1)});  // B x V x K
  return combine == Combine::softmax_mean ? all.softmax(2).mean(1) : all.mean(1).softmax(1);          // B x K
}

at::Tensor ranked_classes(const at::Tensor& scores) {
  return std::get<1>(finite_first(scores).sort(/*stable=*/true, /*dim=*/1, /*descending=*/true));
}

at::Tensor best_classes(const at::Tensor& scores) {
  const at::Tensor best = finite_first(scores).argmax(1);  // of equal ones the first
  return best.masked_fill(scores.isfinite().any(1).logical_not(), -1);
}

}  // namespace vhost
