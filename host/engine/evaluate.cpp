#include "engine/evaluate.h"

#include <algorithm>
#include <chrono>
#include <iterator>

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

// Unlabelled rows count nothing in losses on labels, which take none below 0. Gives the weight that is left.
double leave_out_unlabelled(const Model& model, vh_map& all) {
  if (const at::Tensor* label = all.find("batch.label"); label && model.compares_labels()) {
    all.put("sample_weight", *all.find("sample_weight") * label->ge(0));
    all.put("batch.label", label->clamp_min(0));
  }
  return all.find("sample_weight")->sum().item<double>();
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

constexpr const char* kClassMetrics[] = {"mean_class_accuracy", "f1_macro", "f1_micro"};
constexpr const char* kWatched[] = {"/checkpoint/best", "/schedule/early_stop/metric"};

bool is_wanted(const Manifest& manifest, const std::string& metric) {
  for (const char* watched : kWatched)
    if (manifest.has(watched) && manifest.string(watched) == metric) return true;
  const json::array& listed = manifest.at("/eval/metrics").as_array();
  return std::find(listed.begin(), listed.end(), json::value(metric)) != listed.end();
}

}  // namespace

namespace {

// The losses' own, found on meta tensors; nullopt if a part doesn't run there.
std::optional<std::vector<std::string>> names_of_losses(const Model& model, const InputLayout& layout) {
  for (const auto& part : model.parts())
    if (!(part->caps() & VH_CAP_META)) return std::nullopt;
  at::NoGradGuard no_grad;
  StepInfo info;
  info.meta = true;
  info.mode = VH_EVAL;
  vh_map all = model.meta_batch(layout, 1);
  model.forward(all, info);
  std::vector<std::string> names;
  for (const LossScalar& scalar : model.losses(all, info, {}).scalars) names.push_back(scalar.name);
  return names;
}

}  // namespace

void check_watched(const Manifest& manifest, const Model& model, const InputLayout& layout) {
  const auto watches = [&](const char* pointer) { return manifest.has(pointer); };
  if (std::none_of(std::begin(kWatched), std::end(kWatched), watches)) return;
  const std::optional<std::vector<std::string>> own = names_of_losses(model, layout);
  std::vector<std::string> known{"loss"};
  if (own && own->size() > 1) known.insert(known.end(), own->begin(), own->end());
  if (!model.logits_key().empty() && layout.label >= 0) {
    for (const int64_t k : evaluation_options(manifest).top_k) known.push_back("top" + std::to_string(k));
    known.insert(known.end(), std::begin(kClassMetrics), std::end(kClassMetrics));
  }
  for (const char* pointer : kWatched) {
    const std::string metric = watches(pointer) ? manifest.string(pointer) : "loss";
    if (std::find(known.begin(), known.end(), metric) != known.end() || !own) continue;
    std::string names;
    for (const std::string& name : known) names += (names.empty() ? "" : ", ") + name;
    throw manifest.error(pointer, "evaluations have no metric " + quote(metric) + "; they have: " + names);
  }
}

EvaluationOptions evaluation_options(const Manifest& manifest) {
  EvaluationOptions options;
  options.combine = combine_of(manifest.string("/eval/combine"));
  options.top_k.clear();
  for (const json::value& k : manifest.at("/eval/top_k").as_array()) options.top_k.push_back(k.to_number<int64_t>());
  return options;
}

int64_t EvaluationSums::without_score() const {
  int64_t sum = 0;
  for (const auto& [pair, count] : classes.entries())
    if (pair.second < 0) sum += count;
  return sum;
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
  bool any = false;
  for (const auto& [name, loss] : losses) {
    const double divisor = loss.normaliser == VH_DIVIDE_SAMPLES  ? rows
                           : loss.normaliser == VH_DIVIDE_MASKED ? masked
                                                                 : batches;
    if (divisor <= 0) continue;  // nothing was read, or has a label
    const double mean = loss.sum / divisor;
    any = true;
    if (losses.size() > 1) metrics[name] = mean;
    total += mean * loss.weight;
  }
  if (any) metrics["loss"] = total;
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
    sums.rows += leave_out_unlabelled(*x.model, all);
    add_losses(*x.model, all, sums);
    if (x.mask) sums.masked += static_cast<double>(masked_sum(batch, layout, x.mask_layout));
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
  for (const char* name : kClassMetrics)
    if (!is_wanted(x.manifest, name)) result.metrics.erase(name);
  result.samples = sums.samples;
  result.without_score = sums.without_score();
  result.seconds = seconds_since(start);
  return result;
}

}  // namespace vhost
