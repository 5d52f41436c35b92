// Sums that become the numbers of a record: losses by their divisors, and top-k accuracy.
#pragma once
#include <ATen/core/grad_mode.h>

#include <map>
#include <string>

#include "assembly/model.h"
#include "base/json.h"

namespace vhost {

// Samples whose label is among the k best. Ties: the lower class index counts as better. Scores [B,K], labels i64 [B],
// weights [B] (rows with weight 0 don't count; nor do labels below 0).
struct TopK {
  std::map<int64_t, int64_t> hits{{1, 0}, {5, 0}};  // by k
  int64_t samples = 0;
  TopK() = default;
  explicit TopK(const std::vector<int64_t>& ks);
  void add(const at::Tensor& scores, const at::Tensor& labels, const at::Tensor& weights);
  void merge(const TopK& other);                              // of another rank
  void report(std::map<std::string, double>& metrics) const;  // "top1", "top5" in percent; nothing without samples
};

// Means since the last record. Saved in checkpoints, so that a resumed run writes the same records.
struct Window {
  double loss = 0;
  int64_t steps = 0;
  std::map<std::string, double> scalars;
  TopK top;

  void add(double step_loss, const std::map<std::string, double>& step_scalars);
  std::map<std::string, double> means() const;  // scalars, top1, top5
  double mean_loss() const { return steps ? loss / static_cast<double>(steps) : 0; }
  json::object save() const;
  void load(const json::object& saved);
};

}  // namespace vhost
