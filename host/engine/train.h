// Tasks "pretrain" and "train": the step, its guard, checkpoints, evaluation and stopping.
#pragma once
#include <chrono>
#include <memory>
#include <optional>

#include "checkpoint/writer.h"
#include "engine/dump.h"
#include "engine/evaluate.h"
#include "engine/experiment.h"
#include "engine/metrics.h"
#include "engine/mix.h"
#include "engine/optimizer.h"
#include "engine/schedule.h"
#include "engine/watch.h"

namespace vhost {

// fp16 only: the loss is multiplied by `scale`; a step with an overflow is
// skipped and halves it, 2000 good ones double it.
struct GradScaler {
  bool on = false;
  double scale = 65536;
  int64_t good_steps = 0;
  void update(bool overflow);
};

class Trainer {
 public:
  explicit Trainer(Experiment& experiment);
  int run();  // exit code

 private:
  struct StepResult {
    double loss = 0;
    std::map<std::string, double> scalars;
    double of_zeros = 0;  // at the first step: what predictions of zero would cost
  };
  void open();
  void resume_or_init();
  void train_loop(Loader& loader);
  StepResult train_step(Loader& loader);
  void forward_backward(Batch& batch, const Divisors& divisors, int64_t micro, StepResult& result);
  void update_weights(StepResult& result);
  static void add_plugin_scalars(StepResult& result, const Divisors& divisors);
  void ask_of_zeros(const vh_map& all, const StepInfo& info, const Divisors& divisors, StepResult& result) const;
  void tell_first_loss(const StepResult& result) const;  // beside what an untrained model's is about
  void guard_loss(const vh_map& all, const Batch& batch, double loss) const;
  void record(const StepResult& result, Loader& loader);
  void evaluate_now();
  void observe(const std::map<std::string, double>& metrics);
  bool stopped_early() const { return stop_.on() && stop_.since() >= patience_; }
  void draw(const DataSource& source);  // pre-training: its first sample, for the report
  void draw_last();
  Checkpoint checkpoint() const;  // of this moment; shares the live tensors
  void save();                    // starts it; writer_ goes on in the background
  void finish_writing_quietly();
  int64_t micro_batches(int64_t step) const;
  int64_t batches_before(int64_t step) const;
  StepInfo step_info() const;
  MixDraw draw_mix_of(const Batch& batch, int64_t micro) const;
  void dump_batch(const Batch& batch, const MixDraw& mix, int64_t micro) const;

  Experiment& x_;
  DataSource train_, eval_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Ema> ema_;
  CheckpointWriter writer_;
  Schedule schedule_;
  GradScaler scaler_;
  Window window_;
  MixRule mix_;
  Watch best_, stop_;
  int64_t step_ = 0, batches_per_epoch_ = 0, accumulate_ = 1, saved_step_ = -1, drawn_step_ = -1;
  int64_t patience_ = 0;
  double clip_ = 0;
  bool guard_ = true;
  Dump dump_;
  // Speed of this process, not part of the state.
  std::chrono::steady_clock::time_point window_start_, run_start_;
  double wait_at_window_ = 0;
  int64_t samples_in_window_ = 0, steps_in_process_ = 0;
};

}  // namespace vhost
