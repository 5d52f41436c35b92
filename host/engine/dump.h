// What a run writes for a twin in another framework (VHOST_DUMP=DIR): its start, and of every step what was drawn.
#pragma once
#include <string>

#include "engine/experiment.h"
#include "engine/mix.h"
#include "engine/optimizer.h"
#include "engine/schedule.h"

namespace vhost {

class Dump {
 public:
  Dump();  // from the environment
  bool on() const { return !folder_.empty(); }

  // run.json: task, classes, total_steps, warmup_steps, manifest, and of every trained parameter, by name, its decay;
  // weights.safetensors: the weights before the first step.
  void run(const Experiment& experiment, const DataSource& source, const Schedule& schedule,
           const Optimizer& optimizer) const;
  // step-000007.safetensors, of later micro-batches step-000007-1 and so on: "raw" u8 [R,T,H,W,C] and "label" i64 [R]
  // before mixing, mask.*, "mix.kind" (0 none, 1 mixup, 2 cutmix), "mix.partner" i64 [R], "mix.own" f64 [1],
  // "mix.box" i64 (top, left, height, width), and "rates" f64, the parameters' learning rates in run.json's order.
  void batch(const vh_map& unmixed, const MixDraw& mix, int64_t step, int64_t micro,
             const std::vector<ParamRate>& rates) const;

 private:
  std::string folder_;
};

}  // namespace vhost
