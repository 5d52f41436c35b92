#include <chrono>
#include <cstdio>
#include <limits>
#include <optional>

#include "base/clock.h"
#include "base/files.h"
#include "base/json_number.h"
#include "engine/guard.h"
#include "engine/init_weights.h"
#include "engine/predict.h"
#include "engine/record.h"
#include "engine/results.h"
#include "engine/score_dump.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMostRows = 60;  // of the table of classes

// A rerun writes into its own work-dir whatever the run that it repeats was told.
std::optional<ScoreDump> dump_of(const Experiment& x) {
  const std::string name = x.manifest.string("/eval/dump");
  if (name.empty()) return std::nullopt;
  const fs::path file = x.request.rerun_of ? fs::path(name).filename() : fs::path(name);
  return ScoreDump(fs::path(x.request.work_dir) / file);
}

void warn_of_unreadable(Experiment& x, const DataSource& source, const EvaluationSums& sums) {
  const int64_t all = source.dataset->length(), bad = static_cast<int64_t>(sums.unreadable.size());
  if (bad == all)
    throw Error(source.dataset->pointer() + ": none of the " + std::to_string(all) +
                " samples can be read; the last: " + sums.unreadable.back().second);
  if (bad > 0)
    x.warn(std::to_string(bad) + " of " + std::to_string(all) +
           " samples could not be read and count neither as right nor as wrong; results.json names them");
  if (const int64_t none = sums.without_score())
    x.warn(std::to_string(none) + " of " + std::to_string(sums.labelled) +
           " samples got no score that is a number, and count as wrong: look at the weights and the precision");
  if (sums.labelled < sums.samples)
    x.warn(std::to_string(sums.samples - sums.labelled) + " of " + std::to_string(sums.samples) +
           " samples have no label" + (sums.labelled ? " and don't count" : ", so there is no accuracy"));
}

EvalRecord record_of(const EvaluationSums& sums, const LoadedCheckpoint& loaded, double seconds) {
  EvalRecord row;
  row.split = "test";
  row.metrics = sums.metrics();
  row.samples = sums.samples;
  row.seconds = seconds;
  if (const json::value* step = loaded.state.if_contains("step")) row.step = step->to_number<int64_t>();
  const json::value* epoch = loaded.state.if_contains("epoch");
  row.epoch = epoch ? epoch->to_number<double>() : std::numeric_limits<double>::quiet_NaN();
  return row;
}

// test.json: the metrics alone.
void write_summary(const Experiment& x, const DataSource& source, const LoadedCheckpoint& loaded,
                   const EvaluationSums& sums) {
  json::object out{
      {"checkpoint", loaded.folder.string()}, {"data", source.dataset->fingerprint()}, {"samples", sums.samples}};
  for (const auto& [name, value] : sums.metrics()) out[name] = number_json(value);
  write_file_atomically(fs::path(x.request.work_dir) / "test.json", pretty_json(out) + "\n");
}

DataSource open_test(Experiment& x, LoadedCheckpoint& loaded) {
  loaded = load_for_inference(x);
  DataSource source = x.open("/data/eval", VH_PASS_EVAL);
  use_classes_of(loaded, source);
  x.open_mask(source.layout);
  x.check_on_meta(source.layout, /*training=*/false);
  x.build_model(source.layout, /*with_losses=*/true);
  load_trained(x, loaded);
  write_record(x, 0);
  return source;
}

}  // namespace

int run_test(Experiment& x) {
  LoadedCheckpoint loaded;
  std::optional<ScoreDump> dump = dump_of(x);
  const DataSource source = open_test(x, loaded);
  if (dump && x.model->logits_key().empty())
    throw x.manifest.error("/eval/dump", "no head gives logits, so there are no scores to write");
  x.log.summary(summary_rows(x, source, nullptr, 0), json::value(x.manifest.root));
  const auto start = std::chrono::steady_clock::now();
  const EvaluationSums sums = evaluate_shard(x, source, 0, 1, [&](Scored&& sample) {
    if (!dump) return;
    const std::string name = source.dataset->name(sample.index);
    dump->add(name, std::move(sample));
  });
  warn_of_unreadable(x, source, sums);
  x.log.eval(record_of(sums, loaded, seconds_since(start)));
  const std::vector<std::string> names = class_labels(x.manifest, loaded, source);
  std::fputs(class_table(sums.classes, names, kMostRows).c_str(), stdout);
  write_summary(x, source, loaded, sums);
  const fs::path results = fs::path(x.request.work_dir) / "results.json";
  write_file_atomically(results, pretty_json(results_json(x, source, loaded, sums, names)) + "\n");
  std::printf("results: %s\n", results.c_str());
  if (dump) {
    dump->write(names, x.manifest.string("/eval/combine"));
    const fs::path near = dump->path().lexically_proximate(fs::current_path());
    std::printf("scores: %s\n", *near.begin() == ".." ? dump->path().c_str() : near.c_str());
  }
  std::fflush(stdout);
  x.log.finish("finished");
  return 0;
}

}  // namespace vhost
