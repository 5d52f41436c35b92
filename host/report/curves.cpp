#include "report/curves.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>

#include "report/format.h"

namespace vhost::report {
namespace {

constexpr double kGap = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kSmoothFrom = 24;  // fewer points are shown as they are
constexpr size_t kMostPluginCharts = 12;

bool starts_with(const std::string& text, const char* with) {
  return text.rfind(with, 0) == 0;
}

// A straight line fitted around each point under a Gaussian window, so that
// the ends are neither pulled inwards nor noisy.
std::vector<double> smoothed(const std::vector<double>& y) {
  const double sigma = std::max(1.5, 0.012 * static_cast<double>(y.size()));
  const auto reach = static_cast<ptrdiff_t>(std::ceil(3 * sigma)), n = static_cast<ptrdiff_t>(y.size());
  std::vector<double> out(y.size(), kGap);
  for (ptrdiff_t i = 0; i < n; ++i) {
    if (!std::isfinite(y[i])) continue;
    double s0 = 0, s1 = 0, s2 = 0, t0 = 0, t1 = 0, low = y[i], high = y[i];
    for (ptrdiff_t j = std::max<ptrdiff_t>(0, i - reach); j <= std::min(n - 1, i + reach); ++j) {
      if (!std::isfinite(y[j])) continue;
      const auto k = static_cast<double>(j - i);
      const double w = std::exp(-0.5 * k * k / (sigma * sigma));
      s0 += w, s1 += w * k, s2 += w * k * k, t0 += w * y[j], t1 += w * k * y[j];
      low = std::min(low, y[j]), high = std::max(high, y[j]);
    }
    const double determinant = s0 * s2 - s1 * s1;
    out[i] = std::clamp(determinant > 1e-9 ? (s2 * t0 - s1 * t1) / determinant : t0 / s0, low, high);
  }
  return out;
}

void add_eval_curves(Chart& chart, const History& history, const std::string& metric, int color, bool name_metric) {
  std::set<std::string> splits;
  for (const EvalRecord& eval : history.evals) splits.insert(eval.split);
  for (const std::string& split : splits) {
    Curve curve{name_metric ? split + " " + metric : split, color++, Curve::Style::kDots, {}, {}, {}, {}};
    for (const EvalRecord& eval : history.evals) {
      const auto value = eval.metrics.find(metric);
      if (eval.split != split || value == eval.metrics.end()) continue;
      curve.x.push_back(static_cast<double>(eval.step));
      curve.y.push_back(std::isfinite(value->second) ? value->second : kGap);
    }
    if (!curve.x.empty()) chart.curves.push_back(std::move(curve));
  }
}

Chart named(const char* id, const char* title, bool log_if_decades) {
  Chart chart;
  chart.id = id;
  chart.title = title;
  chart.log_if_decades = log_if_decades;
  return chart;
}

Chart loss_chart(const History& history) {
  Chart chart = named("loss", "Loss", /*log_if_decades=*/true);
  if (const auto loss = history.steps.find("loss"); loss != history.steps.end())
    add_train_curves(chart, "train", 0, loss->second);
  add_eval_curves(chart, history, "loss", 1, /*name_metric=*/false);
  return chart;
}

Chart accuracy_chart(const History& history) {
  Chart chart = named("accuracy", "Accuracy", /*log_if_decades=*/false);
  chart.unit = "%";
  chart.from_zero = true;
  chart.upper_limit = 100;
  if (const auto top1 = history.steps.find("top1"); top1 != history.steps.end())
    add_train_curves(chart, "train top1", 0, top1->second);
  std::set<std::string> metrics;
  for (const EvalRecord& eval : history.evals)
    for (const auto& [name, value] : eval.metrics)
      if (is_percentage(name)) metrics.insert(name);
  int color = 1;
  for (const std::string& metric : metrics) add_eval_curves(chart, history, metric, color++, /*name_metric=*/true);
  return chart;
}

// One chart of all scalars whose names begin with `prefix`, if there are at least two.
void add_family(std::vector<Chart>& charts, const History& history, const char* prefix, const char* id,
                const char* title, std::set<std::string>& shown) {
  Chart chart = named(id, title, /*log_if_decades=*/true);
  std::vector<std::string> names;
  for (const auto& [name, series] : history.steps)
    if (starts_with(name, prefix)) names.push_back(name);
  const bool alone = names.size() < 2;
  if (!alone || starts_with(prefix, "loss.")) shown.insert(names.begin(), names.end());  // a lone loss.main is "loss"
  if (alone) return;
  int color = 0;
  for (const std::string& name : names) {
    const Series& series = history.steps.at(name);
    Curve curve = raw_curve(name.substr(std::string(prefix).size()), color++, series);
    curve.low.clear();
    curve.high.clear();
    if (curve.x.size() >= kSmoothFrom) curve.y = smoothed(curve.y);
    chart.curves.push_back(std::move(curve));
  }
  charts.push_back(std::move(chart));
}

void add_single(std::vector<Chart>& charts, const History& history, const char* name, Chart chart, double scale = 1) {
  const auto series = history.steps.find(name);
  if (series == history.steps.end()) return;
  add_train_curves(chart, "", 0, series->second, scale);
  charts.push_back(std::move(chart));
}

}  // namespace

Curve raw_curve(const std::string& name, int color, const Series& series, double scale) {
  Curve curve{name, color, Curve::Style::kLine, {}, {}, {}, {}};
  for (const Series::Bucket& bucket : series.buckets()) {
    curve.x.push_back(bucket.x);
    curve.y.push_back(bucket.count ? bucket.mean * scale : kGap);
    if (!series.summarised()) continue;
    curve.low.push_back(bucket.count ? bucket.low * scale : kGap);
    curve.high.push_back(bucket.count ? bucket.high * scale : kGap);
  }
  return curve;
}

void add_train_curves(Chart& chart, const std::string& name, int color, const Series& series, double scale) {
  Curve raw = raw_curve(name, color, series, scale);
  chart.not_finite_at.insert(chart.not_finite_at.end(), series.not_finite_at().begin(), series.not_finite_at().end());
  if (raw.x.size() < kSmoothFrom) {
    raw.low.clear();
    raw.high.clear();
    chart.curves.push_back(std::move(raw));
    return;
  }
  Curve line{name.empty() ? "smoothed" : name, color, Curve::Style::kLine, raw.x, smoothed(raw.y), {}, {}};
  raw.style = Curve::Style::kFaint;
  raw.name = name.empty() ? "" : name + ", unsmoothed";
  chart.curves.push_back(std::move(raw));
  chart.curves.push_back(std::move(line));
}

std::vector<std::string> short_names(const std::vector<std::string>& paths) {
  std::vector<std::vector<std::string>> parts;
  for (const std::string& path : paths) {
    parts.emplace_back();
    for (const auto& part : std::filesystem::path(path).lexically_normal())
      if (!part.empty()) parts.back().push_back(part.string());
  }
  const auto end_of = [](const std::vector<std::string>& all, size_t count) {
    std::string out;
    for (size_t i = all.size() - std::min(count, all.size()); i < all.size(); ++i)
      out += (out.empty() || out == "/" ? "" : "/") + all[i];
    return out;
  };
  std::vector<std::string> names(paths.size());
  for (size_t count = 1; count < 64; ++count) {
    std::set<std::string> different;
    for (size_t i = 0; i < paths.size(); ++i) different.insert(names[i] = end_of(parts[i], count));
    if (different.size() == paths.size()) break;
  }
  return names;
}

std::vector<Chart> run_charts(const History& history) {
  std::vector<Chart> charts{loss_chart(history)};
  if (Chart accuracy = accuracy_chart(history); !accuracy.curves.empty()) charts.push_back(std::move(accuracy));
  Chart lr = named("lr", "Learning rate", /*log_if_decades=*/false);
  lr.from_zero = true;
  if (const auto series = history.steps.find("lr"); series != history.steps.end()) {
    lr.curves.push_back(raw_curve("", 0, series->second));
    charts.push_back(std::move(lr));
  }
  std::set<std::string> shown{"loss", "lr", "top1", "samples_per_second", "data_wait", "grad_norm"};
  add_single(charts, history, "grad_norm", named("grad_norm", "Gradient norm", /*log_if_decades=*/true));
  add_family(charts, history, "loss.", "losses", "Losses by head", shown);
  add_family(charts, history, "part.", "parts", "Parts of the loss", shown);
  Chart speed = named("throughput", "Samples per second", /*log_if_decades=*/false);
  speed.from_zero = true;
  add_single(charts, history, "samples_per_second", speed);
  Chart wait = named("data_wait", "Waiting for data", /*log_if_decades=*/false);
  wait.unit = "%";
  wait.from_zero = true;
  wait.upper_limit = 100;
  add_single(charts, history, "data_wait", wait, 100);
  size_t more = 0;
  for (const auto& [name, series] : history.steps) {
    if (shown.count(name) || ++more > kMostPluginCharts) continue;
    const std::string id = "scalar-" + std::to_string(more);
    add_single(charts, history, name.c_str(), named(id.c_str(), name.c_str(), /*log_if_decades=*/true));
  }
  return charts;
}

}  // namespace vhost::report
