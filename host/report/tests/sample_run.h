// A run that never was: decaying loss with noise, for the tests and for looking at the report.
#pragma once
#include <algorithm>
#include <cmath>
#include <random>

#include "report/run_log.h"

namespace vhost::report {

inline StepRecord sample_step(int64_t step, int64_t total, int64_t epochs, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  StepRecord r;
  const double t = static_cast<double>(step) / static_cast<double>(total);
  r.step = step;
  r.total_steps = total;
  r.epochs = epochs;
  r.epoch = t * static_cast<double>(epochs);
  r.loss = 0.05 + 4.6 * std::exp(-9 * t) * (1 + 0.12 * normal(random)) + 0.02 * std::fabs(normal(random));
  r.lr = t < 0.05 ? 1.5e-4 * t / 0.05 : 0.75e-4 * (1 + std::cos(3.14159265 * (t - 0.05) / 0.95));
  r.scalars["loss.main"] = r.loss;
  r.scalars["grad_norm"] = 0.3 + 8 * std::exp(-6 * t) * (1 + 0.3 * std::fabs(normal(random)));
  r.scalars["top1"] = std::min(100.0, 100 * (1 - 0.9 * std::exp(-4 * t)) + 2.0 * normal(random));
  r.samples_per_second = 180 + 6 * normal(random);
  r.data_wait = 0.01 + 0.004 * std::fabs(normal(random));
  r.eta_seconds = (1 - t) * 3600;
  return r;
}

inline EvalRecord sample_eval(const StepRecord& at) {
  EvalRecord r;
  const double t = at.epoch / static_cast<double>(at.epochs);
  r.step = at.step;
  r.epoch = at.epoch;
  r.split = "eval";
  r.metrics = {{"loss", 0.12 + 4.4 * std::exp(-7 * t)},
               {"top1", 94 * (1 - 0.9 * std::exp(-3.2 * t))},
               {"top5", 100 * (1 - 0.5 * std::exp(-6 * t))}};
  r.samples = 400;
  r.seconds = 3.25;
  return r;
}

}  // namespace vhost::report
