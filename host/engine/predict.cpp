#include "engine/predict.h"

#include <cstdio>
#include <limits>

#include "base/files.h"
#include "engine/batch.h"
#include "engine/evaluate.h"
#include "engine/guard.h"
#include "engine/init_weights.h"
#include "engine/optimizer.h"
#include "engine/record.h"
#include "record/weights.h"

namespace vhost {

namespace fs = std::filesystem;

LoadedCheckpoint load_for_inference(Experiment& x) {
  const std::string path = x.request.checkpoint.empty() ? x.request.work_dir : x.request.checkpoint;
  if (x.request.checkpoint.empty() && !fs::is_directory(fs::path(path) / "checkpoints"))
    throw Error("no weights: give --checkpoint FILE, a checkpoint folder or a run's work-dir (" + path +
                " holds none)" + (x.request.show.on ? "; --fresh shows untrained weights" : ""));
  const bool best = x.request.checkpoint == "best" && !fs::exists(path);
  LoadedCheckpoint loaded =
      load_weights_from(best ? best_checkpoint(fs::path(x.request.work_dir) / "checkpoints").string() : path);
  x.weights["--checkpoint"] = {loaded.folder.string(), weights_sha256(loaded.folder)};
  for (auto& [name, value] : loaded.ema) loaded.model[name] = value;
  return loaded;
}

void use_classes_of(const LoadedCheckpoint& loaded, DataSource& source) {
  if (const json::value* classes = loaded.state.if_contains("classes");
      classes && classes->is_int64() && classes->get_int64() > 0) {
    source.layout.classes = classes->get_int64();
    if (source.layout.label >= 0) source.layout.fields[source.layout.label].spec.c.classes = source.layout.classes;
  }
}

namespace {

std::string class_label(const LoadedCheckpoint& loaded, int64_t label) {
  const json::value* names = loaded.state.if_contains("class_names");
  if (names && names->is_array() && label < static_cast<int64_t>(names->get_array().size())) {
    const json::value& name = names->get_array()[label];
    if (name.is_string() && !name.get_string().empty()) return std::string(name.get_string());
  }
  return "class " + std::to_string(label);
}

const char* input_pointer(const Manifest& manifest) {
  return manifest.has("/data/predict") ? "/data/predict" : "/data/eval";
}

DataSource open_for_inference(Experiment& x, LoadedCheckpoint& loaded, bool with_losses) {
  loaded = load_for_inference(x);
  DataSource source = x.open(input_pointer(x.manifest), VH_PASS_PREDICT, x.request.files);
  use_classes_of(loaded, source);
  x.build_model(source.layout, with_losses);
  load_trained(x, loaded);
  write_record(x, 0);
  return source;
}

}  // namespace

int run_test(Experiment& x) {
  LoadedCheckpoint loaded = load_for_inference(x);
  DataSource source = x.open("/data/eval", VH_PASS_EVAL);
  use_classes_of(loaded, source);
  x.open_mask(source.layout);
  x.check_on_meta(source.layout, /*training=*/false);
  x.build_model(source.layout, /*with_losses=*/true);
  load_trained(x, loaded);
  write_record(x, 0);
  x.log.summary(summary_rows(x, source, nullptr, 0), json::value(x.manifest.root));
  const Evaluation result = evaluate(x, source);
  EvalRecord row;
  row.split = "test";
  row.metrics = result.metrics;
  row.samples = result.samples;
  row.seconds = result.seconds;
  const json::value *step = loaded.state.if_contains("step"), *epoch = loaded.state.if_contains("epoch");
  if (step) row.step = step->to_number<int64_t>();
  row.epoch = epoch ? epoch->to_number<double>() : std::numeric_limits<double>::quiet_NaN();
  x.log.eval(row);
  json::object out{
      {"checkpoint", loaded.folder.string()}, {"data", source.dataset->fingerprint()}, {"samples", result.samples}};
  for (const auto& [name, value] : result.metrics) out[name] = value;
  write_file_atomically(fs::path(x.request.work_dir) / "test.json", pretty_json(out) + "\n");
  x.log.finish("finished");
  return 0;
}

int run_predict(Experiment& x) {
  LoadedCheckpoint loaded;
  const DataSource source = open_for_inference(x, loaded, /*with_losses=*/false);
  const std::string logits = x.model->logits_key();
  if (logits.empty()) throw x.manifest.error("/model/heads", "no head gives logits, so there is nothing to predict");
  json::array results;
  each_batch(x, source, true, [&](vh_map& all, const Batch& batch) {
    const at::Tensor scores = mean_scores(*all.find(logits), source.layout.views).to(at::kCPU);
    const auto [best, index] = scores.topk(std::min<int64_t>(x.request.top_k, scores.size(1)), 1);
    for (int64_t row = 0; row < batch.rows; ++row) {
      json::object entry{{"file", source.dataset->name(batch.index[row])}};
      json::array top;
      for (int64_t k = 0; batch.weight[row] > 0 && k < best.size(1); ++k) {
        const int64_t label = index[row][k].item<int64_t>();
        top.push_back(
            {{"label", label}, {"class", class_label(loaded, label)}, {"score", best[row][k].item<double>()}});
      }
      if (batch.weight[row] <= 0) entry["error"] = "could not be read";
      entry["top"] = std::move(top);
      results.push_back(std::move(entry));
    }
  });
  if (x.request.json) std::printf("%s\n", pretty_json(results).c_str());
  bool unreadable = false;
  for (const json::value& entry : results) {
    unreadable |= entry.as_object().contains("error");
    if (x.request.json) continue;
    std::printf("%s%s\n", entry.at("file").as_string().c_str(),
                entry.as_object().contains("error") ? "  could not be read" : "");
    for (const json::value& top : entry.at("top").as_array())
      std::printf("  %6.2f %%  %s\n", 100 * top.at("score").as_double(), top.at("class").as_string().c_str());
  }
  if (!x.request.output.empty()) write_file_atomically(x.request.output, pretty_json(results) + "\n");
  return unreadable ? 1 : 0;
}

int run_extract(Experiment& x) {
  LoadedCheckpoint loaded;
  const DataSource source = open_for_inference(x, loaded, /*with_losses=*/false);
  std::vector<at::Tensor> features;
  json::array names;
  const Spec& spec = *x.model->feature_specs().find("features.0");
  each_batch(x, source, false, [&](vh_map& all, const Batch& batch) {
    at::Tensor value = all.find("features.0")->to(at::kFloat);
    if (spec.axes == "BNC") value = value.slice(1, spec.c.prefix_tokens).mean(1);  // R x C, without class tokens
    if (spec.axes == "BCTHW") value = value.mean(std::vector<int64_t>{2, 3, 4});
    value = value.view({batch.rows, source.layout.views, -1}).mean(1);  // B x C
    for (int64_t row = 0; row < batch.rows; ++row) {
      if (batch.weight[row] <= 0) continue;
      features.push_back(value[row].to(at::kCPU).clone());
      names.push_back(json::value(source.dataset->name(batch.index[row])));
    }
  });
  if (features.empty()) throw Error("none of the inputs could be read");
  const fs::path out = output_of(x.request);
  write_safetensors(out, {{"features", at::stack(features)}}, {{"names", json::serialize(names)}});
  std::printf("%zu x %lld features -> %s\n", features.size(), static_cast<long long>(features[0].numel()), out.c_str());
  return 0;
}

int run_dry(Experiment& x) {
  const std::string task = x.manifest.string("/task");
  const bool training = task == "pretrain" || task == "train";
  if (training) check_init(x.manifest);
  const std::string pointer = training ? "/data/train" : task == "test" ? "/data/eval" : input_pointer(x.manifest);
  const DataSource source = x.open(pointer, training ? VH_PASS_TRAIN : VH_PASS_EVAL, x.request.files);
  if (training && x.manifest.has("/data/eval"))
    check_same_input(x.manifest, source.layout, x.open("/data/eval", VH_PASS_EVAL).layout);
  if (training || task == "test") x.open_mask(source.layout);
  x.model = x.check_on_meta(source.layout, training);
  if (training && x.manifest.has("/init/from") && !checkpoint_to_resume(x)) load_init(x);  // what can't fit is refused
  std::vector<SummaryRow> rows;
  if (training) {
    const int64_t accumulate = x.manifest.integer("/data/accumulate");
    const int64_t batches = train_batches_per_epoch(x.manifest, source.dataset->length());
    const Schedule schedule = make_schedule(x.manifest, (batches + accumulate - 1) / accumulate);
    rows = summary_rows(x, source, &schedule, x.trainable * (x.manifest.string("/optimizer/type") == "adamw" ? 8 : 4));
  } else {
    rows = summary_rows(x, source, nullptr, 0);
  }
  const std::vector<SummaryRow> lock = lock_rows(x.request);
  rows.insert(rows.end(), lock.begin(), lock.end());
  for (const SummaryRow& row : rows) std::printf("%-18s %s\n", row.key.c_str(), row.value.c_str());
  return 0;
}

}  // namespace vhost
