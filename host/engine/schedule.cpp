#include "engine/schedule.h"

#include <algorithm>
#include <cmath>

namespace vhost {

double Schedule::at(int64_t step) const {
  if (step < warmup_steps) {
    const int64_t length = std::max<int64_t>(1, warmup_steps - (warmup_ends_last ? 1 : 0));
    return warmup_lr + (lr - warmup_lr) * static_cast<double>(step) / static_cast<double>(length);
  }
  if (!cosine) return lr;
  const double length = static_cast<double>(std::max<int64_t>(1, total_steps - warmup_steps));
  return min_lr + (lr - min_lr) * 0.5 * (1 + std::cos(M_PI * static_cast<double>(step - warmup_steps) / length));
}

LrScale lr_scale(const Manifest& manifest) {
  LrScale scale;
  scale.linear = manifest.string("/optimizer/lr_scale_rule") == "linear";
  scale.samples =
      manifest.integer("/data/batch") * manifest.integer("/data/accumulate") / manifest.integer("/data/repeats");
  if (scale.linear) scale.base_batch = manifest.integer("/optimizer/base_batch");
  return scale;
}

Schedule make_schedule(const Manifest& manifest, int64_t steps_per_epoch) {
  Schedule schedule;
  schedule.steps_per_epoch = steps_per_epoch;
  const double factor = lr_scale(manifest).factor();
  schedule.lr = factor * manifest.number("/optimizer/lr");
  schedule.min_lr = factor * manifest.number("/schedule/min_lr");
  schedule.warmup_lr = factor * manifest.number("/schedule/warmup_lr");
  schedule.warmup_ends_last = manifest.string("/schedule/warmup_end") == "last";
  schedule.cosine = manifest.string("/schedule/type") == "cosine";
  const auto steps = [&](const char* in_steps, const char* in_epochs) -> int64_t {
    if (manifest.has(in_steps)) return manifest.integer(in_steps);
    if (!manifest.has(in_epochs)) return 0;
    return std::llround(std::min(1e18, manifest.number(in_epochs) * static_cast<double>(steps_per_epoch)));
  };
  schedule.total_steps = steps("/schedule/steps", "/schedule/epochs");
  schedule.warmup_steps = steps("/schedule/warmup_steps", "/schedule/warmup_epochs");
  if (schedule.total_steps < 1) throw manifest.error("/schedule", "needs \"epochs\" or \"steps\" of at least 1");
  if (schedule.warmup_steps > schedule.total_steps)
    throw manifest.error("/schedule", "warms up for " + std::to_string(schedule.warmup_steps) +
                                          " steps, longer than the run of " + std::to_string(schedule.total_steps));
  return schedule;
}

}  // namespace vhost
