#include "engine/guard.h"

#include <algorithm>
#include <cstdio>

#include "base/files.h"
#include "engine/optimizer.h"
#include "record/weights.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kSmallTotalBatch = 256;  // below it VideoMAE's users lost accuracy (MCG-NJU/VideoMAE, issue 37)

bool finite(const at::Tensor& t) {
  return !t.is_floating_point() || at::isfinite(t).all().item<bool>();
}

std::string part_of(const Model& model, const std::string& key) {
  std::string pointer = key.rfind("features.", 0) == 0 ? "/model/backbone"
                        : key.rfind("target.", 0) == 0 ? "/target"
                                                       : "";
  if (key.rfind("pred.", 0) == 0) pointer = "/model/heads/" + key.substr(5, key.find('.', 5) - 5);
  for (const auto& part : model.parts())
    if (part->config().pointer == pointer) return pointer + " (" + part->config().use + ")";
  return "input";
}

std::string samples_of(const at::Tensor& value, const Batch& batch, const Dataset& dataset, int64_t views) {
  std::string names;
  if (value.dim() == 0 || value.size(0) != batch.rows * views) return names;
  const at::Tensor bad = at::isfinite(value.reshape({batch.rows, -1})).all(1).logical_not().to(at::kCPU);
  int64_t shown = 0;
  for (int64_t row = 0; row < batch.rows; ++row) {
    if (!bad[row].item<bool>()) continue;
    if (++shown > 8) return names + ", ...";
    names += (names.empty() ? "" : ", ") + dataset.name(batch.index[row]);
  }
  return names;
}

std::string grouped(int64_t n) {
  std::string digits = std::to_string(n), out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i && (digits.size() - i) % 3 == 0) out += ' ';
    out += digits[i];
  }
  return out;
}

std::string text(const char* format, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

std::string megabytes(double bytes) {
  return text("%.1f MB", bytes / 1e6);
}

}  // namespace

std::string explain_non_finite(const Model& model, const vh_map& all, const Batch& batch, const Dataset& dataset,
                               int64_t views) {
  at::NoGradGuard no_grad;
  for (const Param* param : model.params())
    if (!finite(param->value))
      return "The parameter \"" + param->name +
             "\" is not finite since the last update: lower optimizer.lr or set optimizer.clip_grad";
  for (const char* prefix : {"input", "features.", "pred.", "target."}) {
    for (const auto& [key, value] : all.items) {
      if (key.rfind(prefix, 0) != 0 || finite(value)) continue;
      return "First not finite: " + key + " of " + part_of(model, key) + ", for the samples " +
             samples_of(value, batch, dataset, views);
    }
  }
  std::string names;
  for (int64_t row = 0; row < std::min<int64_t>(batch.rows, 8); ++row)
    names += (row ? ", " : "") + dataset.name(batch.index[row]);
  return "Predictions and targets are finite: a loss made it so, for the batch of " + names;
}

void check_labelled(const Model& model, const vh_map& all, const Batch& batch, const Dataset& dataset, int64_t views) {
  const at::Tensor* labels = model.compares_labels() ? all.find("batch.label") : nullptr;
  if (!labels || labels->ge(0).all().item<bool>()) return;
  const at::Tensor lacks = labels->view({batch.rows, views}).lt(0).any(1).to(at::kCPU);
  for (int64_t row = 0; row < batch.rows; ++row)
    if (lacks[row].item<bool>())
      throw Error(dataset.pointer() + ": " + dataset.name(batch.index[row]) +
                  " has no label, and the losses compare labels: give it one, or leave it out of the list");
}

void check_same_input(const Manifest& manifest, const InputLayout& train, const InputLayout& eval) {
  if (train.frames != eval.frames || train.height != eval.height || train.width != eval.width ||
      train.channels != eval.channels)
    throw manifest.error("/data/eval", "gives clips of " + std::to_string(eval.frames) + "x" +
                                           std::to_string(eval.height) + "x" + std::to_string(eval.width) +
                                           ", while /data/train gives " + std::to_string(train.frames) + "x" +
                                           std::to_string(train.height) + "x" + std::to_string(train.width));
  if (train.classes != eval.classes && train.classes && eval.classes)
    throw manifest.error("/data/eval", "has " + std::to_string(eval.classes) + " classes, while /data/train has " +
                                           std::to_string(train.classes) + ": set \"classes\" on both");
}

int64_t train_batches_per_epoch(const Manifest& manifest, int64_t samples) {
  const int64_t batch = manifest.integer("/data/batch") / manifest.integer("/data/repeats"),
                accumulate = manifest.integer("/data/accumulate");
  if (!manifest.boolean("/data/drop_last")) return (samples + batch - 1) / batch;
  const int64_t batches = samples / (batch * accumulate) * accumulate;
  if (batches == 0)
    throw manifest.error("/data/batch", "one step takes " + std::to_string(batch * accumulate) +
                                            " samples (batch x accumulate), and there are only " +
                                            std::to_string(samples) + ": lower it, or set data.drop_last to false");
  return batches;
}

// An estimate: allocators keep more, and operators need room of their own.
static SummaryRow memory_row(const Experiment& x, const DataSource& source, int64_t optimizer_bytes) {
  const Manifest& m = x.manifest;
  const InputLayout& in = source.layout;
  const int64_t batch = m.integer("/data/batch"), accumulate = m.integer("/data/accumulate");
  const auto weights = static_cast<double>(x.parameters) * 4, optimizer = static_cast<double>(optimizer_bytes);
  const double ema = m.has("/ema") ? static_cast<double>(x.trainable) * 4 : 0;
  double ring = 0;
  for (const Field& field : in.fields)
    ring += static_cast<double>(field.bytes * batch * (accumulate + m.integer("/data/prefetch")));
  // Autocast keeps most of what backward needs in 16 bits.
  const double share = x.runtime.precision == Precision::bf16 || x.runtime.precision == Precision::fp16 ? 0.5 : 1;
  const std::pair<const char*, double> rows[] = {
      {"weights", weights},
      {"gradients", static_cast<double>(x.trainable) * 4},
      {"optimiser", optimizer},
      {"average", ema},
      {"a checkpoint's copy", weights + optimizer + ema},
      {"batches", ring},
      {"activations", static_cast<double>(x.activation_bytes * batch * in.views) * share}};
  double sum = 0;
  std::string parts;
  for (const auto& [name, bytes] : rows) {
    sum += bytes;
    if (bytes > 0) parts += std::string(parts.empty() ? "" : ", ") + name + " " + megabytes(bytes);
  }
  return {"memory", "about " + megabytes(sum) + (x.activation_bytes ? "" : " without activations") + ": " + parts};
}

static std::string batch_text(const Manifest& m) {
  const int64_t batch = m.integer("/data/batch"), accumulate = m.integer("/data/accumulate"),
                repeats = m.integer("/data/repeats");
  return std::to_string(batch * accumulate) + " = " + std::to_string(batch) + " x " + std::to_string(accumulate) +
         " accumulated x 1 process" +
         (repeats > 1 ? ", of " + std::to_string(batch * accumulate / repeats) + " samples" : "");
}

static std::string lr_origin(const Manifest& m) {
  const LrScale scale = lr_scale(m);
  if (!scale.linear) return "as given";
  return "= " + text("%.3e", m.number("/optimizer/lr")) + " x " + std::to_string(scale.samples) + "/" +
         std::to_string(scale.base_batch) + " (linear)";
}

std::vector<SummaryRow> summary_rows(const Experiment& x, const DataSource& source, const Schedule* schedule,
                                     int64_t optimizer_bytes) {
  const Manifest& m = x.manifest;
  std::vector<SummaryRow> rows;
  rows.push_back({"task", m.string("/task")});
  std::vector<ResolvedPart> parts = x.request.resolution->parts;
  std::stable_partition(parts.begin(), parts.end(),
                        [](const auto& part) { return !part.pointer.starts_with("/data/"); });
  for (const ResolvedPart& part : parts)
    rows.push_back({part.pointer.substr(1),
                    m.string(part.pointer + "/use") + " (" + part.package->name + " " + part.package->version + ")"});
  const InputLayout& in = source.layout;
  rows.push_back({"data", source.dataset->fingerprint()});
  rows.push_back({"input", std::to_string(in.views) + " view(s) of " + std::to_string(in.frames) + "x" +
                               std::to_string(in.height) + "x" + std::to_string(in.width) + "x" +
                               std::to_string(in.channels) +
                               (in.classes ? ", " + std::to_string(in.classes) + " classes" : "")});
  if (const MaskLayout& mask = x.mask_layout; mask.mode != MaskMode::none)
    rows.push_back({"masked cells", (mask.fixed() ? "" : std::to_string(mask.min_masked) + " to ") +
                                        std::to_string(mask.max_masked) + " of " + std::to_string(mask.cells()) +
                                        (mask.mode == MaskMode::drop ? " (dropped)" : " (replaced)")});
  rows.push_back({"parameters", grouped(x.parameters) + " (" + grouped(x.trainable) + " trainable)"});
  rows.push_back(
      {"FLOPs per sample",
       x.forward_flops
           ? text("%.2f G forward", static_cast<double>(x.forward_flops) / 1e9) +
                 (schedule ? text(", %.2f G with backward", 3 * static_cast<double>(x.forward_flops) / 1e9) : "")
           : "not counted: a part does not run on meta tensors"});
  rows.push_back({"precision", m.string("/precision") + " on " + x.runtime.device.str()});
  if (!schedule) return rows;
  rows.push_back({"effective batch", batch_text(m)});
  rows.push_back({"lr", text("%.3e", schedule->lr) + " " + lr_origin(m) + ", peak after " +
                            std::to_string(schedule->warmup_steps) + " warm-up steps, then to " +
                            text("%.3e", schedule->cosine ? schedule->min_lr : schedule->lr)});
  rows.push_back({"steps", std::to_string(schedule->total_steps) + " of " + std::to_string(schedule->steps_per_epoch) +
                               " per epoch"});
  rows.push_back(memory_row(x, source, optimizer_bytes));
  return rows;
}

void write_summary(const Experiment& x, const DataSource& source, const Schedule& schedule, int64_t optimizer_bytes) {
  x.log.summary(summary_rows(x, source, &schedule, optimizer_bytes), json::value(x.manifest.root));
  x.log.message(VH_LOG_INFO, "recipe",
                "batch " + batch_text(x.manifest) + "; lr " + text("%.3e", schedule.lr) + " " + lr_origin(x.manifest));
  const LrScale scale = lr_scale(x.manifest);
  if (scale.linear && scale.samples < kSmallTotalBatch)
    x.log.message(VH_LOG_WARN, "recipe",
                  "a step sees " + std::to_string(scale.samples) + " samples, fewer than " +
                      std::to_string(kSmallTotalBatch) +
                      ": recipes whose lr goes by the total batch have lost accuracy so; data.total_batch accumulates "
                      "to the recipe's own");
}

std::optional<fs::path> checkpoint_to_resume(const Experiment& x) {
  if (!x.request.resume || !x.manifest.boolean("/checkpoint/resume")) return std::nullopt;
  return newest_checkpoint(fs::path(x.request.work_dir) / "checkpoints");
}

void check_init(const Manifest& manifest) {
  if (!manifest.has("/init/from")) return;
  try {
    weights_at(manifest.string("/init/from"));
  } catch (const Error& error) {
    throw manifest.error("/init/from", error.message());
  }
}

json::array class_names(const Dataset& dataset, int64_t classes) {
  json::array names;
  for (int64_t i = 0; i < classes; ++i) names.push_back(json::value(dataset.class_name(i)));
  return names;
}

}  // namespace vhost
