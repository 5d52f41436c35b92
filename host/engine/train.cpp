#include "engine/train.h"

#include <cmath>
#include <limits>

#include "base/clock.h"
#include "base/files.h"
#include "engine/batch.h"
#include "engine/guard.h"
#include "engine/init_weights.h"
#include "engine/record.h"
#include "engine/show.h"
#include "record/weights.h"
#include "report/format.h"
#include "vhost/random.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

constexpr double kFarFromExpected = 2;  // times the loss of predictions of zero, or a part of it

// A run that starts anew must neither keep nor later resume an earlier run's
// checkpoints; the last such set stays readable.
void set_aside(const fs::path& checkpoints) {
  if (!fs::exists(checkpoints)) return;
  const fs::path earlier = checkpoints.string() + ".earlier";
  fs::remove_all(earlier);
  fs::rename(checkpoints, earlier);
}

}  // namespace

void GradScaler::update(bool overflow) {
  if (!on) return;
  if (overflow) {
    scale = std::max(1.0, scale / 2);
    good_steps = 0;
  } else if (++good_steps == 2000) {
    scale *= 2;
    good_steps = 0;
  }
}

Trainer::Trainer(Experiment& experiment)
    : x_(experiment),
      writer_(fs::path(experiment.request.work_dir) / "checkpoints", experiment.manifest.integer("/checkpoint/keep")) {}

void Trainer::open() {
  const Manifest& m = x_.manifest;
  check_init(m);
  train_ = x_.open("/data/train", VH_PASS_TRAIN);
  if (m.has("/data/eval")) {
    eval_ = x_.open("/data/eval", VH_PASS_EVAL);
    check_same_input(m, train_.layout, eval_.layout);
  }
  x_.open_mask(train_.layout);
  const std::unique_ptr<Model> shape = x_.check_on_meta(train_.layout, /*training=*/true);
  if (eval_.dataset) check_watched(m, *shape, eval_.layout);
  x_.build_model(train_.layout, /*with_losses=*/true);
  accumulate_ = m.integer("/data/accumulate");
  batches_per_epoch_ = train_batches_per_epoch(m, train_.dataset->length());
  schedule_ = make_schedule(m, (batches_per_epoch_ + accumulate_ - 1) / accumulate_);
  clip_ = m.number("/optimizer/clip_grad");
  guard_ = m.string("/nan_guard") == "stop";
  mix_ = mix_rule(m);
  if (m.has("/checkpoint/best")) best_ = Watch(m.string("/checkpoint/best"), /*min_delta=*/0);
  if (m.has("/schedule/early_stop")) {
    stop_ = Watch(m.string("/schedule/early_stop/metric"), m.number("/schedule/early_stop/min_delta"));
    patience_ = m.integer("/schedule/early_stop/patience");
  }
  if (m.has("/data/mix") && !train_.layout.mixed)
    throw m.error("/data/mix", "needs labels, and the dataset of /data/train gives none");
  scaler_.on = x_.runtime.precision == Precision::fp16;
  optimizer_ = std::make_unique<Optimizer>(m, x_.params());
}

void Trainer::resume_or_init() {
  const Manifest& m = x_.manifest;
  const std::optional<fs::path> newest = checkpoint_to_resume(x_);
  if (!x_.request.resume || !m.boolean("/checkpoint/resume")) set_aside(fs::path(x_.request.work_dir) / "checkpoints");
  if (!newest && m.has("/init/from")) load_init(x_, train_);
  if (m.has("/ema")) ema_ = std::make_unique<Ema>(m.number("/ema/decay"), m.boolean("/ema/warmup"), x_.params());
  if (!newest) return;
  const LoadedCheckpoint from = load_checkpoint(*newest, /*with_optimizer=*/true);
  x_.load_weights(from.model, (*newest / "model.safetensors").string());
  optimizer_->load(from.optimizer, (*newest / "optimizer.safetensors").string());
  if (ema_) ema_->load(from.ema, (*newest / "ema.safetensors").string());
  try {
    step_ = saved_step_ = from.state.at("step").to_number<int64_t>();
    scaler_.scale = from.state.at("scale").to_number<double>();
    scaler_.good_steps = from.state.at("good_steps").to_number<int64_t>();
    window_.load(from.state.at("window").as_object());
    if (const json::value* best = from.state.if_contains("best")) best_.load(best->as_object());
    if (const json::value* stop = from.state.if_contains("early_stop")) stop_.load(stop->as_object());
    if (from.state.at("seed").to_number<int64_t>() != m.integer("/seed"))
      x_.log.message(VH_LOG_WARN, "resume",
                     "the checkpoint was made with seed " + json::serialize(from.state.at("seed")));
  } catch (const std::exception& error) {
    throw Error((*newest / "state.json").string() + ": is damaged (" + error.what() +
                "); remove that folder to resume from the one before");
  }
  x_.log.message(VH_LOG_INFO, "resume", "at step " + std::to_string(step_) + " from " + newest->string());
}

int64_t Trainer::batches_before(int64_t step) const {
  const int64_t per_epoch = schedule_.steps_per_epoch;
  return step / per_epoch * batches_per_epoch_ + step % per_epoch * accumulate_;
}

int64_t Trainer::micro_batches(int64_t step) const {
  return std::min(accumulate_, batches_per_epoch_ - step % schedule_.steps_per_epoch * accumulate_);
}

StepInfo Trainer::step_info() const {
  StepInfo info;
  info.step = step_;
  info.epoch = step_ / schedule_.steps_per_epoch;
  info.progress = static_cast<double>(step_) / static_cast<double>(schedule_.total_steps);
  return info;
}

int Trainer::run() {
  open();
  resume_or_init();
  write_record(x_, step_);
  write_summary(x_, train_, schedule_, optimizer_->state_bytes());
  if (dump_.on()) dump_.run(x_, train_, schedule_, *optimizer_);
  LoaderOptions options;
  options.batch = x_.manifest.integer("/data/batch");
  options.workers = x_.manifest.integer("/data/workers");
  options.prefetch = x_.manifest.integer("/data/prefetch");
  options.in_flight = accumulate_;
  options.shuffle = x_.manifest.boolean("/data/shuffle");
  options.drop_last = x_.manifest.boolean("/data/drop_last");
  options.replace_bad = true;
  options.repeats = x_.manifest.integer("/data/repeats");
  options.seed = x_.runtime.seed;
  options.first_batch = batches_before(step_);
  options.end_batch = batches_before(schedule_.total_steps);
  options.bad_limit = x_.manifest.number("/data/bad_samples");
  Loader loader(*train_.dataset, train_.layout, x_.mask.get(), options,
                [this](const std::string& text) { x_.warn(text); });
  try {
    train_loop(loader);
  } catch (...) {
    finish_writing_quietly();
    throw;
  }
  const bool interrupted = cancel_requested;  // a signal during the last write comes too late to interrupt anything
  saved_step_ == step_ || step_ == 0 ? writer_.finish() : writer_.write_last(checkpoint());
  if (interrupted) {
    x_.log.finish("interrupted at step " + std::to_string(step_) + "; the same command resumes it");
    return 130;
  }
  if (drawn_step_ != step_) draw_last();
  x_.log.finish(stopped_early() ? "stopped early at step " + std::to_string(step_) + ": " + std::to_string(patience_) +
                                      " evaluations were no better than " + stop_.text()
                                : "finished");
  return 0;
}

void Trainer::train_loop(Loader& loader) {
  const Manifest& m = x_.manifest;
  const int64_t log_every = m.integer("/log/every_steps"), save_steps = m.integer("/checkpoint/every_steps");
  const int64_t per_epoch = schedule_.steps_per_epoch;
  const auto due = [&](const char* pointer) {
    const double every = m.number(pointer);
    if (every <= 0) return false;
    const int64_t steps = std::max<int64_t>(1, std::llround(every * static_cast<double>(per_epoch)));
    return step_ % steps == 0;
  };
  const auto evaluate_if_due = [&] {
    const bool last = step_ == schedule_.total_steps;
    if (eval_.dataset && (due("/eval/every_epochs") || last)) evaluate_now();
  };
  run_start_ = window_start_ = std::chrono::steady_clock::now();
  const bool seen = (!best_.on() || best_.seen_step() == step_) && (!stop_.on() || stop_.seen_step() == step_);
  if (step_ > 0 && !(x_.log.evaluated(step_) && seen)) evaluate_if_due();  // the run before ended in that evaluation
  while (step_ < schedule_.total_steps && !cancel_requested && !stopped_early()) {
    const StepResult result = train_step(loader);
    writer_.check();
    ++step_;
    ++steps_in_process_;
    window_.add(result.loss, result.scalars);
    const bool last = step_ == schedule_.total_steps;
    record(result, loader);
    if (step_ % log_every == 0 || last) {
      window_ = Window();
      window_start_ = std::chrono::steady_clock::now();
      wait_at_window_ = loader.wait_seconds();
      samples_in_window_ = 0;
    }
    evaluate_if_due();
    if (cancel_requested) break;
    const bool best = best_.best_step() == step_;
    if (!last && (best || (save_steps > 0 && step_ % save_steps == 0) || due("/checkpoint/every_epochs"))) save();
  }
}

Trainer::StepResult Trainer::train_step(Loader& loader) {
  const int64_t micros = micro_batches(step_);
  std::vector<Batch*> batches;
  Divisors divisors{0, 0, static_cast<double>(micros)};
  for (int64_t i = 0; i < micros; ++i) {
    Batch* batch = loader.next();
    if (!batch) throw Error("the data ended before the run did");
    batches.push_back(batch);
    divisors.samples += weight_sum(*batch) * static_cast<double>(train_.layout.views);
    if (x_.mask) divisors.masked += static_cast<double>(masked_sum(*batch, train_.layout, x_.mask_layout));
    samples_in_window_ += batch->rows;
  }
  StepResult result;
  optimizer_->zero_grad();
  for (int64_t i = 0; i < micros; ++i) {
    forward_backward(*batches[i], divisors, i, result);
    loader.release(batches[i]);
  }
  add_plugin_scalars(result, divisors);
  if (step_ == 0) tell_first_loss(result);
  update_weights(result);
  return result;
}

void Trainer::add_plugin_scalars(StepResult& result, const Divisors& divisors) {
  for (const auto& [name, sum] : take_plugin_scalars()) result.scalars[name] += sum / divisors.micro_batches;
}

void Trainer::ask_of_zeros(const vh_map& all, const StepInfo& info, const Divisors& divisors,
                           StepResult& result) const {
  add_plugin_scalars(result, divisors);
  try {
    result.of_zeros += x_.model->loss_of_zeros(all, info, divisors);
  } catch (const std::exception&) {
    result.of_zeros = std::numeric_limits<double>::quiet_NaN();  // a loss may take no zeros: then nothing is told
  }
  take_plugin_scalars();  // what losses log of zeros is no result of the step
}

void Trainer::tell_first_loss(const StepResult& result) const {
  const double expected = result.of_zeros;
  if (!std::isfinite(expected) || expected <= 0 || !std::isfinite(result.loss)) return;
  std::string text = "the first loss is " + report::format_number(result.loss) + "; predictions of zero would cost " +
                     report::format_number(expected) + ", about where an untrained model begins";
  const bool fresh = !x_.manifest.has("/init/from");
  const bool far = result.loss > kFarFromExpected * expected || (fresh && result.loss < expected / kFarFromExpected);
  if (far) text += ": far from it; look at labels, targets, normalisation and the head's initial weights";
  x_.log.message(far ? VH_LOG_WARN : VH_LOG_INFO, "loss", text);
}

void Trainer::forward_backward(Batch& batch, const Divisors& divisors, int64_t micro, StepResult& result) {
  seed_generators(vh_hash4(x_.runtime.seed, static_cast<uint64_t>(step_), static_cast<uint64_t>(micro), 0));
  const MixDraw mix = draw_mix_of(batch, micro);
  vh_map all = batch_tensors(batch, train_.layout, x_.mask_layout, x_.build, train_.batch_augment(), mix);
  const std::vector<uint64_t> seeds = row_seeds(batch, train_.layout);
  StepInfo info = step_info();
  info.seeds = seeds.data();
  info.samples = static_cast<int64_t>(seeds.size());
  if (dump_.on()) dump_batch(batch, mix, micro);
  check_labelled(*x_.model, all, batch, *train_.dataset, train_.layout.views);
  {
    AutocastScope autocast(x_.runtime);
    x_.model->forward(all, info);
  }
  const LossValues values = x_.model->losses(all, info, divisors);
  const double loss = values.total.item<double>();
  if (guard_ && !std::isfinite(loss)) guard_loss(all, batch, loss);
  if (step_ == 0) ask_of_zeros(all, info, divisors, result);
  (scaler_.on ? values.total * scaler_.scale : values.total).backward();
  result.loss += loss;
  for (const LossScalar& scalar : values.scalars)
    if (values.scalars.size() > 1) result.scalars[scalar.name] += scalar.value.item<double>();
  const std::string logits = x_.model->logits_key();
  if (!logits.empty() && all.find("batch.label") && !train_.layout.mixed)
    window_.top.add(all.find(logits)->detach(), *all.find("batch.label"), *all.find("sample_weight"));
  x_.model->after_step(all, info);
}

MixDraw Trainer::draw_mix_of(const Batch& batch, int64_t micro) const {
  return draw_mix(
      mix_, batch.rows * train_.layout.views, train_.layout.height, train_.layout.width,
      vh_hash4(x_.runtime.seed, vh_hash_text("mix"), static_cast<uint64_t>(step_), static_cast<uint64_t>(micro)));
}

void Trainer::update_weights(StepResult& result) {
  if (scaler_.on) optimizer_->scale_grads(1 / scaler_.scale);
  const bool logged = (step_ + 1) % x_.manifest.integer("/log/every_steps") == 0;
  bool overflow = false;
  if (clip_ > 0 || scaler_.on || logged) {
    const double norm = optimizer_->grad_norm();
    overflow = scaler_.on && !std::isfinite(norm);
    if (guard_ && !overflow && !std::isfinite(norm))
      throw Error("step " + std::to_string(step_ + 1) + ": the gradient of \"" + optimizer_->first_bad_gradient() +
                  "\" is not finite, while the loss still is; lower the lr, set optimizer.clip_grad or use precision "
                  "bf16 or fp32");
    if (clip_ > 0 || logged) result.scalars["grad_norm"] = norm;
    if (clip_ > 0 && norm > clip_) optimizer_->scale_grads(clip_ / (norm + 1e-6));
  }
  if (!overflow) {
    optimizer_->step(schedule_.at(step_));
    if (ema_) ema_->update(step_ + 1);
  }
  scaler_.update(overflow);
}

void Trainer::guard_loss(const vh_map& all, const Batch& batch, double loss) const {
  throw Error("step " + std::to_string(step_ + 1) + ": the loss is " + (std::isnan(loss) ? "nan" : "infinite") + ". " +
              explain_non_finite(*x_.model, all, batch, *train_.dataset, train_.layout.views));
}

void Trainer::record(const StepResult& result, Loader& loader) {
  const bool full = step_ % x_.manifest.integer("/log/every_steps") == 0 || step_ == schedule_.total_steps;
  StepRecord row;
  row.step = step_;
  row.total_steps = schedule_.total_steps;
  row.epoch = static_cast<double>(step_) / static_cast<double>(schedule_.steps_per_epoch);
  row.epochs = (schedule_.total_steps + schedule_.steps_per_epoch - 1) / schedule_.steps_per_epoch;
  row.lr = schedule_.at(step_ - 1);
  row.loss = full ? window_.mean_loss() : result.loss;
  if (full) row.scalars = window_.means();
  if (full && result.scalars.count("grad_norm")) row.scalars["grad_norm"] = result.scalars.at("grad_norm");
  const double elapsed = std::max(1e-9, seconds_since(window_start_));
  row.samples_per_second = static_cast<double>(samples_in_window_) / elapsed;
  row.data_wait = std::min(1.0, (loader.wait_seconds() - wait_at_window_) / elapsed);
  row.eta_seconds = seconds_since(run_start_) / static_cast<double>(steps_in_process_) *
                    static_cast<double>(schedule_.total_steps - step_);
  full ? x_.log.step(row) : x_.log.tick(row);
}

void Trainer::evaluate_now() {
  const auto start = std::chrono::steady_clock::now();
  if (ema_) ema_->swap();
  Evaluation result;
  try {
    result = evaluate(x_, eval_);
    draw(eval_);
  } catch (...) {
    if (ema_) ema_->swap();
    if (cancel_requested) return;
    throw;
  }
  if (ema_) ema_->swap();
  if (result.without_score > 0)
    x_.log.message(VH_LOG_WARN, "eval",
                   std::to_string(result.without_score) + " of " + std::to_string(result.samples) +
                       " samples got no score that is a number, and count as wrong");
  observe(result.metrics);
  EvalRecord row;
  row.step = step_;
  row.epoch = static_cast<double>(step_) / static_cast<double>(schedule_.steps_per_epoch);
  row.split = "eval";
  row.metrics = result.metrics;
  row.samples = result.samples;
  row.seconds = result.seconds;
  if (!x_.log.evaluated(step_)) x_.log.eval(row);
  const auto pause = std::chrono::steady_clock::now() - start;
  window_start_ += pause;
  run_start_ += pause;
}

// Labels or samples may be missing from an evaluation, and with them a metric; what was trained isn't lost for it.
void Trainer::observe(const std::map<std::string, double>& metrics) {
  const std::pair<Watch*, const char*> watches[] = {{&best_, "/checkpoint/best"},
                                                    {&stop_, "/schedule/early_stop/metric"}};
  for (const auto& [watch, pointer] : watches) {
    if (!watch->on()) continue;
    try {
      watch->observe(step_, metrics);
    } catch (const Error& error) {
      writer_.write_last(checkpoint());
      throw x_.manifest.error(pointer, error.message());
    }
  }
}

void Trainer::draw(const DataSource& source) {
  if (!x_.manifest.has("/target")) return;
  write_run_picture(x_, source, step_);
  drawn_step_ = step_;
}

void Trainer::draw_last() {
  if (ema_) ema_->swap();
  draw(eval_.dataset ? eval_ : train_);
  if (ema_) ema_->swap();
}

Checkpoint Trainer::checkpoint() const {
  Checkpoint checkpoint;
  checkpoint.step = step_;
  checkpoint.model = x_.named_weights();
  checkpoint.optimizer = optimizer_->state();
  if (ema_) checkpoint.ema = ema_->state();
  checkpoint.state = {{"vhost", 1},
                      {"step", step_},
                      {"epoch", static_cast<double>(step_) / static_cast<double>(schedule_.steps_per_epoch)},
                      {"seed", x_.manifest.integer("/seed")},
                      {"task", x_.manifest.string("/task")},
                      {"classes", train_.layout.classes},
                      {"total_batch", x_.manifest.integer("/data/batch") * accumulate_},
                      {"lr", schedule_.lr},
                      {"lr_scale_rule", x_.manifest.string("/optimizer/lr_scale_rule")},
                      {"scale", scaler_.scale},
                      {"good_steps", scaler_.good_steps},
                      {"window", window_.save()},
                      {"config_sha256", sha256_hex(canonical_json(x_.manifest.root))}};
  checkpoint.best_step = best_.best_step();
  if (best_.on()) checkpoint.state["best"] = best_.save();
  if (stop_.on()) checkpoint.state["early_stop"] = stop_.save();
  checkpoint.state["class_names"] = class_names(*train_.dataset, train_.layout.classes);
  return checkpoint;
}

void Trainer::save() {
  const auto start = std::chrono::steady_clock::now();
  writer_.start(checkpoint());
  saved_step_ = step_;
  window_start_ += std::chrono::steady_clock::now() - start;
  char text[80];
  std::snprintf(text, sizeof text, "step %lld: training waited %.1f ms", static_cast<long long>(step_),
                1e3 * seconds_since(start));
  x_.log.message(VH_LOG_DEBUG, "checkpoint", text);
}

// The run ends with another error already; a checkpoint that failed as well is at least named.
void Trainer::finish_writing_quietly() {
  try {
    writer_.finish();
  } catch (const std::exception& error) {
    x_.log.message(VH_LOG_ERROR, "checkpoint", error.what());
  }
}

void Trainer::dump_batch(const Batch& batch, const MixDraw& mix, int64_t micro) const {
  const vh_map unmixed = batch_tensors(batch, train_.layout, x_.mask_layout, x_.build, train_.batch_augment());
  dump_.batch(unmixed, mix, step_, micro, optimizer_->rates(schedule_.at(step_)));
}

}  // namespace vhost
