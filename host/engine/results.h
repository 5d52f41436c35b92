// What task test found, for people and for programs.
#pragma once
#include "checkpoint/checkpoint.h"
#include "engine/evaluate.h"

namespace vhost {

// results.json: metrics, classes, confusion matrix, and what they were computed from: checkpoint, dataset with its
// fingerprint, views. Holds no times, so that equal runs give equal files.
json::object results_json(const Experiment& experiment, const DataSource& source, const LoadedCheckpoint& loaded,
                          const EvaluationSums& sums, const std::vector<std::string>& class_names);

// A line per class: samples, accuracy, F1, and what it is most often taken for. Of more than `most` classes the ones
// with the lowest accuracy. "" without labels.
std::string class_table(const ClassCounts& counts, const std::vector<std::string>& class_names, size_t most);

}  // namespace vhost
