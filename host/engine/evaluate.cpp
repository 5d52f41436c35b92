#include "engine/evaluate.h"

#include <chrono>

#include "base/clock.h"
#include "data/shard.h"
#include "engine/batch.h"

namespace vhost {

void each_batch(Experiment& x, const DataSource& source, bool heads,
                const std::function<void(vh_map&, const Batch&)>& fn, const std::optional<std::vector<int64_t>>& only) {
  const int64_t samples = only ? static_cast<int64_t>(only->size()) : source.dataset->length();
  if (samples == 0) return;
  at::NoGradGuard no_grad;
  LoaderOptions options;
  const int64_t eval_batch = x.manifest.integer("/data/eval_batch");
  if (only) options.only = *only;
  options.batch = std::min(eval_batch > 0 ? eval_batch : x.manifest.integer("/data/batch"), samples);
  options.workers = std::min(x.manifest.integer("/data/workers"), samples);
  options.prefetch = x.manifest.integer("/data/prefetch");
  options.seed = x.runtime.seed;
  options.bad_limit = 1;
  Loader loader(*source.dataset, source.layout, x.mask.get(), options, [&](const std::string& text) { x.warn(text); });
  while (Batch* batch = loader.next()) {
    if (cancel_requested) throw Error("interrupted").exit_code(130);
    seed_generators(0);
    vh_map all = batch_tensors(*batch, source.layout, x.mask_layout, x.build, source.batch_augment());
    const std::vector<uint64_t> seeds = row_seeds(*batch, source.layout);
    StepInfo info;
    info.mode = VH_EVAL;
    info.seeds = seeds.data();
    info.samples = static_cast<int64_t>(seeds.size());
    {
      AutocastScope autocast(x.runtime);
      heads ? x.model->forward(all, info) : x.model->features(all, info);
    }
    fn(all, *batch);
    take_plugin_scalars();
    loader.release(batch);
  }
}

namespace {

// Of each sample its first view's, on the CPU; -1 = unlabelled.
at::Tensor labels_of(const vh_map& all, const Batch& batch, const InputLayout& layout) {
  const at::Tensor* label = layout.label >= 0 ? all.find("batch.label") : nullptr;
  if (!label) return at::full({batch.rows}, -1, at::kLong);
  return label->view({batch.rows, layout.views}).select(1, 0).to(at::kCPU).contiguous();
}

void check_labels(const at::Tensor& labels, int64_t classes, const Batch& batch, const Dataset& dataset) {
  for (int64_t row = 0; row < batch.rows; ++row)
    if (const int64_t label = labels.data_ptr<int64_t>()[row]; label >= classes)
      throw Error(dataset.pointer() + ": " + dataset.name(batch.index[row]) + " has the label " +
                  std::to_string(label) + ", but the model was trained on " + std::to_string(classes) +
                  " classes: 0 to " + std::to_string(classes - 1));
}

void count_samples(const at::Tensor& labels, const Batch& batch, EvaluationSums& sums) {
  for (int64_t row = 0; row < batch.rows; ++row) {
    if (batch.weight[row] <= 0) {
      sums.unreadable.emplace_back(batch.index[row], batch.fault[row]);
    } else {
      sums.samples += 1;
      sums.labelled += labels.data_ptr<int64_t>()[row] >= 0;
    }
  }
}

void add_losses(const Model& model, vh_map& all, EvaluationSums& sums) {
  StepInfo info;
  info.mode = VH_EVAL;
  for (const LossScalar& scalar : model.losses(all, info, Divisors{}).scalars) {
    EvaluationSums::Loss& loss = sums.losses[scalar.name];
    loss.sum += scalar.value.item<double>();
    loss.weight = scalar.weight;
    loss.normaliser = scalar.normaliser;
  }
}

void add_scores(const at::Tensor& scores, const at::Tensor& labels, const Batch& batch, EvaluationSums& sums) {
  const at::Tensor weights = at::from_blob(const_cast<float*>(batch.weight.data()), {batch.rows}, at::kFloat);
  const at::Tensor best = best_classes(scores);
  sums.top.add(scores, labels, weights);
  for (int64_t row = 0; row < batch.rows; ++row)
    if (const int64_t label = labels.data_ptr<int64_t>()[row]; batch.weight[row] > 0 && label >= 0)
      sums.classes.add(label, best.data_ptr<int64_t>()[row]);
}

void report(const at::Tensor& scores, const at::Tensor& labels, const Batch& batch,
            const std::function<void(Scored&&)>& scored) {
  const int64_t classes = scores.size(1);
  const float* values = scores.data_ptr<float>();
  for (int64_t row = 0; row < batch.rows; ++row)
    if (batch.weight[row] > 0)
      scored(
          {batch.index[row], labels.data_ptr<int64_t>()[row], {values + row * classes, values + (row + 1) * classes}});
}

bool is_wanted(const Manifest& manifest, const std::string& metric) {
  for (const char* watched : {"/checkpoint/best", "/schedule/early_stop/metric"})
    if (manifest.has(watched) && manifest.string(watched) == metric) return true;
  const json::array& listed = manifest.at("/eval/metrics").as_array();
  return std::find(listed.begin(), listed.end(), json::value(metric)) != listed.end();
}

}  // namespace

EvaluationOptions evaluation_options(const Manifest& manifest) {
  EvaluationOptions options;
  options.combine = combine_of(manifest.string("/eval/combine"));
  options.top_k.clear();
  for (const json::value& k : manifest.at("/eval/top_k").as_array()) options.top_k.push_back(k.to_number<int64_t>());
  return options;
}

void EvaluationSums::merge(const EvaluationSums& other) {
  for (const auto& [name, loss] : other.losses) {
    const double sum = losses[name].sum + loss.sum;
    losses[name] = loss;
    losses[name].sum = sum;
  }
  rows += other.rows, masked += other.masked, batches += other.batches;
  samples += other.samples, labelled += other.labelled;
  unreadable.insert(unreadable.end(), other.unreadable.begin(), other.unreadable.end());
  top.merge(other.top);
  classes.merge(other.classes);
}

std::map<std::string, double> EvaluationSums::metrics() const {
  std::map<std::string, double> metrics;
  double total = 0;
  for (const auto& [name, loss] : losses) {
    const double divisor = loss.normaliser == VH_DIVIDE_SAMPLES  ? rows
                           : loss.normaliser == VH_DIVIDE_MASKED ? masked
                                                                 : batches;
    const double mean = loss.sum / std::max(divisor, 1e-12);
    if (losses.size() > 1) metrics[name] = mean;
    total += mean * loss.weight;
  }
  if (!losses.empty()) metrics["loss"] = total;
  top.report(metrics);
  if (classes.samples() == 0) return metrics;
  metrics["mean_class_accuracy"] = classes.mean_class_accuracy();
  metrics["f1_macro"] = classes.f1_macro();
  metrics["f1_micro"] = classes.f1_micro();
  return metrics;
}

EvaluationSums evaluate_shard(Experiment& x, const DataSource& source, int64_t rank, int64_t ranks,
                              const std::function<void(Scored&&)>& scored) {
  const EvaluationOptions options = evaluation_options(x.manifest);
  const InputLayout& layout = source.layout;
  const std::string logits = x.model->logits_key();
  EvaluationSums sums;
  sums.top = TopK(options.top_k);
  const auto add = [&](vh_map& all, const Batch& batch) {
    const at::Tensor labels = labels_of(all, batch, layout);
    if (!logits.empty()) check_labels(labels, all.find(logits)->size(1), batch, *source.dataset);
    add_losses(*x.model, all, sums);
    if (x.mask) sums.masked += static_cast<double>(masked_sum(batch, layout, x.mask_layout));
    sums.rows += weight_sum(batch) * static_cast<double>(layout.views);
    sums.batches += 1;
    count_samples(labels, batch, sums);
    if (logits.empty()) return;
    const at::Tensor scores = combined_scores(*all.find(logits), layout.views, options.combine);
    add_scores(scores, labels, batch, sums);
    if (scored) report(scores, labels, batch, scored);
  };
  each_batch(x, source, /*heads=*/true, add, shard_of(source.dataset->length(), rank, ranks));
  return sums;
}

Evaluation evaluate(Experiment& x, const DataSource& source) {
  const auto start = std::chrono::steady_clock::now();
  const EvaluationSums sums = evaluate_shard(x, source, 0, 1);
  Evaluation result;
  result.metrics = sums.metrics();
  for (const char* name : {"mean_class_accuracy", "f1_macro", "f1_micro"})
    if (!is_wanted(x.manifest, name)) result.metrics.erase(name);
  result.samples = sums.samples;
  result.seconds = seconds_since(start);
  return result;
}

}  // namespace vhost
