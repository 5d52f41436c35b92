#include "report/run_data.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "report/comparison.h"
#include "report/curves.h"
#include "report/format.h"
#include "report/metrics_file.h"

namespace vhost::report {
namespace fs = std::filesystem;

namespace {

void flatten(const json::value& value, const std::string& pointer, std::map<std::string, std::string>& out) {
  if (value.is_object() && !value.get_object().empty()) {
    for (const auto& member : value.get_object())
      flatten(member.value(), pointer + "/" + escape_pointer(member.key()), out);
    return;
  }
  out[pointer] = canonical_json(value);
}

std::string text_at(const json::value& root, const char* pointer) {
  const json::value* value = find_pointer(root, pointer);
  if (!value) return "";
  return value->is_string() ? std::string(value->get_string()) : canonical_json(*value);
}

// The members of an object that may be missing.
json::object members_at(const json::value& root, const char* pointer) {
  const json::value* value = find_pointer(root, pointer);
  return value && value->is_object() ? value->get_object() : json::object();
}

std::map<std::string, std::string> values_of(const json::value& record) {
  std::map<std::string, std::string> out;
  if (record.is_null()) return out;
  if (const json::value* manifest = find_pointer(record, "/manifest")) flatten(*manifest, "", out);
  for (const auto& entry : members_at(record, "/data"))
    out["fingerprint of " + std::string(entry.key())] = text_at(entry.value(), "/fingerprint");
  for (const auto& entry : members_at(record, "/weights"))
    out["weights of " + std::string(entry.key())] = text_at(entry.value(), "/path");
  for (const auto& entry : members_at(record, "/lock/plugins"))
    out["plugin " + std::string(entry.key())] =
        text_at(entry.value(), "/version") + " " + text_at(entry.value(), "/sha256").substr(0, 12);
  const json::value* history = find_pointer(record, "/history");
  if (history && history->is_array() && !history->get_array().empty())
    for (const char* key :
         {"/vhost", "/abi", "/libtorch", "/cpu", "/cpu_capability", "/device", "/threads", "/environment"})
      out[std::string("last start: ") + (key + 1)] = text_at(history->get_array().back(), key);
  return out;
}

Chart named(const std::string& id, const std::string& title, bool log_if_decades) {
  Chart chart;
  chart.id = id;
  chart.title = title;
  chart.log_if_decades = log_if_decades;
  return chart;
}

Curve eval_curve(const RunData& run, int color, const std::string& split, const std::string& metric) {
  Curve curve{run.name, color, Curve::Style::kDots, {}, {}, {}, {}};
  for (const EvalRecord& eval : run.history.evals) {
    const auto value = eval.metrics.find(metric);
    if (eval.split != split || value == eval.metrics.end()) continue;
    curve.x.push_back(static_cast<double>(eval.step));
    curve.y.push_back(std::isfinite(value->second) ? value->second : std::numeric_limits<double>::quiet_NaN());
  }
  return curve;
}

void add_evals(std::vector<Chart>& charts, const std::vector<RunData>& runs) {
  std::set<std::pair<std::string, std::string>> measured;
  for (const RunData& run : runs)
    for (const EvalRecord& eval : run.history.evals)
      for (const auto& [metric, value] : eval.metrics) measured.emplace(eval.split, metric);
  for (const auto& [split, metric] : measured) {
    Chart chart = named("eval-" + std::to_string(charts.size()), split + " " + metric, !is_percentage(metric));
    if (is_percentage(metric)) chart.unit = "%", chart.upper_limit = 100;
    for (size_t i = 0; i < runs.size(); ++i) {
      Curve curve = eval_curve(runs[i], static_cast<int>(i), split, metric);
      if (!curve.x.empty()) chart.curves.push_back(std::move(curve));
    }
    charts.push_back(std::move(chart));
  }
}

void add_series(std::vector<Chart>& charts, const std::vector<RunData>& runs, const char* name, Chart chart) {
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].by_epoch && chart.x_name != "epoch") continue;
    const auto series = runs[i].history.steps.find(name);
    if (series != runs[i].history.steps.end())
      add_train_curves(chart, runs[i].name, static_cast<int>(i), series->second);
  }
  if (!chart.curves.empty()) charts.push_back(std::move(chart));
}

}  // namespace

RunData read_run(const fs::path& path) {
  RunData run;
  run.path = run.name = path.string();
  std::error_code ignored;
  const fs::path metrics = path / "metrics.jsonl";
  if (!fs::is_regular_file(metrics, ignored)) {
    const LossCurve curve = read_loss_curve(path);
    run.format = curve.format;
    run.by_epoch = curve.by_epoch;
    run.history = history_of(curve);
    return run;
  }
  run.format = "vhost";
  const KeptMetrics kept = keep_metrics(
      read_file(metrics), std::numeric_limits<int64_t>::max(), [&](const StepRecord& r) { run.history.add(r); },
      [&](const EvalRecord& r) { run.history.add(r); });
  if (kept.unreadable > 0)
    run.notes.push_back(metrics.string() + ": " + std::to_string(kept.unreadable) + " unreadable lines");
  if (run.history.records == 0 && run.history.evals.empty())
    throw Error(metrics.string() + ": nothing is recorded yet");
  try {
    run.record = read_json((path / "record.json").string()).root;
  } catch (const Error& error) {
    run.notes.push_back(std::string(error.what()) + "; its manifest isn't compared");
  }
  return run;
}

Differences differences(const std::vector<RunData>& runs) {
  std::vector<std::map<std::string, std::string>> values;
  std::set<std::string> names;
  for (const RunData& run : runs) {
    values.push_back(values_of(run.record));
    for (const auto& entry : values.back()) names.insert(entry.first);
  }
  Differences out;
  for (const std::string& name : names) {
    std::vector<std::string> row;
    std::set<std::string> different;
    for (size_t i = 0; i < runs.size(); ++i) {
      const auto value = values[i].find(name);
      row.push_back(value == values[i].end() ? "" : value->second);
      if (!values[i].empty()) different.insert(row.back());
    }
    if (different.size() > 1)
      out.rows.emplace_back(name, std::move(row));
    else
      ++out.same;
  }
  return out;
}

std::vector<Chart> overlay_charts(const std::vector<RunData>& runs) {
  std::vector<Chart> charts;
  Chart loss = named("loss", "Loss", /*log_if_decades=*/true);
  if (std::ranges::all_of(runs, [](const RunData& run) { return run.by_epoch; })) loss.x_name = "epoch";
  add_series(charts, runs, "loss", std::move(loss));
  add_evals(charts, runs);
  Chart lr = named("lr", "Learning rate", /*log_if_decades=*/false);
  lr.from_zero = true;
  for (size_t i = 0; i < runs.size(); ++i) {
    const auto series = runs[i].history.steps.find("lr");
    if (series != runs[i].history.steps.end())
      lr.curves.push_back(raw_curve(runs[i].name, static_cast<int>(i), series->second));
  }
  if (!lr.curves.empty()) charts.push_back(std::move(lr));
  add_series(charts, runs, "grad_norm", named("grad_norm", "Gradient norm", /*log_if_decades=*/true));
  Chart speed = named("throughput", "Samples per second", /*log_if_decades=*/false);
  speed.from_zero = true;
  add_series(charts, runs, "samples_per_second", std::move(speed));
  return charts;
}

}  // namespace vhost::report
