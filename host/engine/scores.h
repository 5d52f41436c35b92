// From a model's logits to one score per class and sample, and the order of the classes.
#pragma once
#include <ATen/ATen.h>

#include <string>

namespace vhost {

// How a sample's views become one answer.
enum class Combine {
  softmax_mean,  // softmax of each view, then their mean
  logits_mean,   // mean of the views' logits, then softmax
};
Combine combine_of(const std::string& name);  // "softmax_mean" or "logits_mean"; throws Error

// logits [samples x views, K], a sample's views next to each other -> f32 [samples, K] on the CPU, rows sum to 1.
at::Tensor combined_scores(const at::Tensor& logits, int64_t views, Combine combine);

// Classes from the best to the worst, i64 [B, K], of scores [B, K] on the CPU. Ties: the lower class index comes first.
// A score that is not finite comes after all that are.
at::Tensor ranked_classes(const at::Tensor& scores);
// The first of them, i64 [B]; -1 where no score is finite.
at::Tensor best_classes(const at::Tensor& scores);

}  // namespace vhost
