// Follows one metric of the evaluations during training: for the best checkpoint, and for stopping early.
#pragma once
#include <cstdint>
#include <map>
#include <string>

#include "base/json.h"

namespace vhost {

class Watch {
 public:
  Watch() = default;  // follows nothing
  // min_delta: a value that is better by no more than this is not better.
  Watch(std::string metric, double min_delta) : metric_(std::move(metric)), min_delta_(min_delta) {}

  bool on() const { return !metric_.empty(); }
  // Whether that evaluation is the best so far. Which way is better goes by the metric's name: percentages and F1 up,
  // losses down; what isn't finite is never better. Throws Error naming the metrics there are if it isn't one of them.
  bool observe(int64_t step, const std::map<std::string, double>& metrics);

  int64_t best_step() const { return best_step_; }  // -1 = none yet
  int64_t seen_step() const { return seen_step_; }  // of the last evaluation
  int64_t since() const { return since_; }          // evaluations after the best
  std::string text() const;                         // "top1 81.25 at step 400"

  json::object save() const;
  void load(const json::object& state);  // of another metric: begins anew

 private:
  std::string metric_;
  double min_delta_ = 0, best_ = 0;
  int64_t best_step_ = -1, seen_step_ = -1, since_ = 0;
};

}  // namespace vhost
