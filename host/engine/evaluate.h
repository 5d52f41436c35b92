// One pass over a dataset without gradients.
#pragma once
#include <functional>

#include "engine/experiment.h"

namespace vhost {

struct Evaluation {
  std::map<std::string, double> metrics;  // "loss", "loss.main", "top1", "top5"
  int64_t samples = 0;
  double seconds = 0;
};

// Losses and, if a head gives logits, accuracy: softmax of each view, then the mean over views.
Evaluation evaluate(Experiment& experiment, const DataSource& source);

// Calls fn(tensors, batch) after the forward pass of each batch; with pixels, features and predictions in `tensors`.
// only: indices of the samples; empty = all.
void each_batch(Experiment& experiment, const DataSource& source, bool heads,
                const std::function<void(vh_map& tensors, const Batch& batch)>& fn,
                const std::vector<int64_t>& only = {});

// [rows x views, K] -> [rows, K]: mean of the views' softmax.
at::Tensor mean_scores(const at::Tensor& logits, int64_t views);

}  // namespace vhost
