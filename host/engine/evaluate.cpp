#include "engine/evaluate.h"

#include <chrono>

#include "engine/batch.h"
#include "engine/metrics.h"

namespace vhost {

at::Tensor mean_scores(const at::Tensor& logits, int64_t views) {
  return logits.to(at::kFloat).softmax(1).view({-1, views, logits.size(1)}).mean(1);
}

void each_batch(Experiment& x, const DataSource& source, bool heads,
                const std::function<void(vh_map&, const Batch&)>& fn, const std::vector<int64_t>& only) {
  at::NoGradGuard no_grad;
  LoaderOptions options;
  const int64_t eval_batch = x.manifest.integer("/data/eval_batch");
  const int64_t samples = only.empty() ? source.dataset->length() : static_cast<int64_t>(only.size());
  options.only = only;
  options.batch = std::min(eval_batch > 0 ? eval_batch : x.manifest.integer("/data/batch"), samples);
  options.workers = std::min(x.manifest.integer("/data/workers"), samples);
  options.prefetch = x.manifest.integer("/data/prefetch");
  options.seed = x.runtime.seed;
  options.bad_limit = 1;
  Loader loader(*source.dataset, source.layout, x.mask.get(), options, [&](const std::string& text) { x.warn(text); });
  while (Batch* batch = loader.next()) {
    if (cancel_requested) throw Error("interrupted").exit_code(130);
    seed_generators(0);
    vh_map all = batch_tensors(*batch, source.layout, x.mask_layout, x.build);
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

Evaluation evaluate(Experiment& x, const DataSource& source) {
  const auto start = std::chrono::steady_clock::now();
  Evaluation result;
  std::map<std::string, std::pair<double, LossScalar>> sums;
  double samples = 0, masked = 0, batches = 0;
  TopK top;
  const std::string logits = x.model->logits_key();
  const bool labels = source.layout.label >= 0 && !logits.empty();
  each_batch(x, source, true, [&](vh_map& all, const Batch& batch) {
    StepInfo info;
    info.mode = VH_EVAL;
    const LossValues values = x.model->losses(all, info, Divisors{});
    for (const LossScalar& scalar : values.scalars) {
      auto& [sum, last] = sums[scalar.name];
      sum += scalar.value.item<double>();
      last = scalar;
    }
    samples += weight_sum(batch) * static_cast<double>(source.layout.views);
    if (x.mask) masked += static_cast<double>(masked_sum(batch, source.layout, x.mask_layout));
    batches += 1;
    result.samples += batch.rows;
    if (!labels) return;
    const at::Tensor label = all.find("batch.label")->view({batch.rows, source.layout.views}).select(1, 0);
    const at::Tensor weight = all.find("sample_weight")->view({batch.rows, source.layout.views}).select(1, 0);
    top.add(mean_scores(*all.find(logits), source.layout.views), label, weight);
  });
  double total = 0;
  for (const auto& [name, entry] : sums) {
    const double divisor = entry.second.normaliser == VH_DIVIDE_SAMPLES  ? samples
                           : entry.second.normaliser == VH_DIVIDE_MASKED ? masked
                                                                         : batches;
    const double mean = entry.first / std::max(divisor, 1e-12);
    if (sums.size() > 1) result.metrics[name] = mean;
    total += mean * entry.second.weight;
  }
  if (!sums.empty()) result.metrics["loss"] = total;
  top.report(result.metrics);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace vhost
