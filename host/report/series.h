// Curves of any length in bounded memory.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "report/run_log.h"

namespace vhost::report {

// Keeps at most kMaxBuckets runs of neighbouring points; when full, pairs are merged. Non-finite values count apart.
class Series {
 public:
  static constexpr size_t kMaxBuckets = 1024;

  struct Bucket {
    double x = 0;  // mean step of the finite points
    double mean = 0, low = 0, high = 0;
    int64_t count = 0;  // finite points; 0 = a gap
    int64_t points = 0;
  };

  void add(double x, double y);
  const std::vector<Bucket>& buckets() const { return buckets_; }
  bool empty() const { return buckets_.empty(); }
  int64_t points() const { return points_; }
  bool summarised() const { return per_bucket_ > 1; }
  double last() const { return last_; }  // the newest value, also if not finite
  double lowest() const { return lowest_; }
  double lowest_at() const { return lowest_at_; }
  double highest() const { return highest_; }
  int64_t not_finite() const { return not_finite_; }
  const std::vector<double>& not_finite_at() const { return not_finite_at_; }  // the first 100

 private:
  void halve();

  std::vector<Bucket> buckets_;
  int64_t per_bucket_ = 1, points_ = 0, not_finite_ = 0;
  double last_ = 0, lowest_ = 0, lowest_at_ = 0, highest_ = 0;
  bool any_finite_ = false;
  std::vector<double> not_finite_at_;
};

// All that a run has measured so far.
struct History {
  std::map<std::string, Series> steps;  // "loss", "lr", "samples_per_second", "data_wait", and the scalars by name
  std::vector<EvalRecord> evals;
  StepRecord last;
  int64_t records = 0;

  void add(const StepRecord& record);
  void add(const EvalRecord& record) { evals.push_back(record); }
};

}  // namespace vhost::report
