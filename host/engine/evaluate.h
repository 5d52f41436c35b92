// One pass over a dataset without gradients.
#pragma once
#include <functional>
#include <optional>

#include "engine/class_counts.h"
#include "engine/experiment.h"
#include "engine/metrics.h"
#include "engine/scores.h"

namespace vhost {

// The answer to one sample.
struct Scored {
  int64_t index = 0;          // in the dataset
  int64_t label = -1;         // -1 = unlabelled
  std::vector<float> scores;  // by class, of all views together
};

// Sums over some of a dataset's samples; those of all ranks together are the whole's.
struct EvaluationSums {
  struct Loss {
    double sum = 0, weight = 0;
    uint32_t normaliser = 0;  // VH_DIVIDE_*
  };
  std::map<std::string, Loss> losses;
  double rows = 0, masked = 0, batches = 0;                 // what losses are divided by; rows: those that count
  int64_t samples = 0, labelled = 0;                        // read; of these with a label
  std::vector<std::pair<int64_t, std::string>> unreadable;  // index, reason
  TopK top;
  ClassCounts classes;

  int64_t without_score() const;  // labelled samples of which no score is finite: they count as wrong
  void merge(const EvaluationSums& other);
  // "loss", "loss.main" (of samples read, and labelled where losses compare labels), "top1", "top5", and if there are
  // labels "mean_class_accuracy", "f1_macro", "f1_micro"
  std::map<std::string, double> metrics() const;
};

struct EvaluationOptions {
  std::vector<int64_t> top_k{1, 5};
  Combine combine = Combine::softmax_mean;
};
EvaluationOptions evaluation_options(const Manifest& manifest);

// Every sample of rank `rank` of `ranks` once, the last incomplete batch too. If a head gives logits, `scored` is
// called with each readable sample's, in the dataset's order. Throws Error at a label that the model has no class for.
EvaluationSums evaluate_shard(Experiment& experiment, const DataSource& source, int64_t rank, int64_t ranks,
                              const std::function<void(Scored&&)>& scored = {});

// The whole dataset, in training: the metrics are loss, top-k and those that eval.metrics,
// checkpoint.best or schedule.early_stop names.
struct Evaluation {
  std::map<std::string, double> metrics;
  int64_t samples = 0, without_score = 0;
  double seconds = 0;
};
Evaluation evaluate(Experiment& experiment, const DataSource& source);
// Before training: throws Error if checkpoint.best or schedule.early_stop watches a metric that evaluations of `model`
// on such data won't have. Known where all parts run on meta tensors; else the first evaluation tells.
void check_watched(const Manifest& manifest, const Model& model, const InputLayout& layout);

// Calls fn(tensors, batch) after the forward pass of each batch; with pixels, features and predictions in `tensors`.
// only: indices of the samples; none = all.
void each_batch(Experiment& experiment, const DataSource& source, bool heads,
                const std::function<void(vh_map& tensors, const Batch& batch)>& fn,
                const std::optional<std::vector<int64_t>>& only = {});

}  // namespace vhost
