// The learning rate of each optimiser step.
#pragma once
#include <cstdint>

#include "manifest/manifest.h"

namespace vhost {

// Linear warm-up from warmup_lr: lr(s) = warmup_lr + (lr - warmup_lr) * s / length for s < warmup_steps (s from 0),
// length being warmup_steps, or one less where the last step of warm-up has the full rate; then half a cosine: lr(s) =
// min_lr + (lr - min_lr) * (1 + cos(pi * (s - warmup) / (total - warmup))) / 2.
struct Schedule {
  double lr = 0, min_lr = 0, warmup_lr = 0;
  int64_t warmup_steps = 0, total_steps = 0, steps_per_epoch = 1;
  bool cosine = true, warmup_ends_last = false;

  double at(int64_t step) const;
};

// What optimizer.lr_scale_rule says: lr, min_lr and warmup_lr are multiplied by factor() (VideoMAE's scripts do all
// three).
struct LrScale {
  bool linear = false;
  int64_t samples = 1;     // of a step, each once: batch * accumulate / repeats
  int64_t base_batch = 1;  // of linear
  double factor() const { return linear ? static_cast<double>(samples) / static_cast<double>(base_batch) : 1; }
};
LrScale lr_scale(const Manifest& manifest);

// Throws Error when the warm-up is longer than the run.
Schedule make_schedule(const Manifest& manifest, int64_t steps_per_epoch);

}  // namespace vhost
