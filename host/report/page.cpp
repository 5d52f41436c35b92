#include "report/page.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "report/chart.h"
#include "report/curves.h"
#include "report/format.h"
#include "report/page_parts.h"

namespace vhost::report {
namespace {

constexpr size_t kMostEvals = 50;
constexpr uintmax_t kLargestPicture = 16u << 20;

bool starts_with(const std::string& text, const char* with) {
  return text.rfind(with, 0) == 0;
}

const char* status_class(const std::string& status) {
  if (starts_with(status, "finished")) return "good";
  if (starts_with(status, "running")) return "run";
  return starts_with(status, "failed") ? "bad-pill" : "warn";
}

struct Best {
  double value = 0;
  int64_t step = 0;
};

bool best_of(const History& history, const std::string& split, const std::string& metric, Best& best) {
  bool any = false;
  for (const EvalRecord& eval : history.evals) {
    const auto value = eval.metrics.find(metric);
    if (eval.split != split || value == eval.metrics.end() || !std::isfinite(value->second)) continue;
    if (any && (higher_is_better(metric) ? value->second <= best.value : value->second >= best.value)) continue;
    best = {value->second, eval.step};
    any = true;
  }
  return any;
}

std::vector<std::string> splits_of(const History& history) {
  std::set<std::string> splits;
  for (const EvalRecord& eval : history.evals) splits.insert(eval.split);
  return {splits.begin(), splits.end()};
}

std::string tiles(const PageData& data) {
  const History& history = *data.history;
  std::string out;
  if (history.records > 0) {
    const Series& loss = history.steps.at("loss");
    std::string note = "lowest " + format_number(loss.lowest()) + " at step " + format_fixed(loss.lowest_at(), 0);
    if (loss.not_finite() > 0) note = std::to_string(loss.not_finite()) + " not finite";
    out += tile("training loss", format_number(loss.last()), note);
  }
  for (const std::string& split : splits_of(history)) {
    const auto last =
        std::find_if(history.evals.rbegin(), history.evals.rend(), [&](const auto& e) { return e.split == split; });
    for (const auto& [metric, value] : last->metrics) {
      Best best;
      const bool any = best_of(history, split, metric, best);
      const std::string note =
          any ? "best " + format_metric(metric, best.value) + " at step " + std::to_string(best.step) : "";
      out += tile(split + " " + metric, format_metric(metric, value), note);
    }
  }
  if (history.records > 0) {
    const StepRecord& last = history.last;
    out += tile("steps",
                std::to_string(last.step) + (last.total_steps > 0 ? " / " + std::to_string(last.total_steps) : ""),
                "epoch " + format_fixed(last.epoch, 2) + (last.epochs > 0 ? " of " + std::to_string(last.epochs) : ""));
    out += tile("samples per second", format_rate(last.samples_per_second),
                "data wait " + (std::isfinite(last.data_wait) ? format_fixed(100 * last.data_wait, 1) + " %" : "?"));
  }
  std::string note = data.resumed_at > 0 ? "since step " + std::to_string(data.resumed_at) : "";
  if (starts_with(data.status, "running") && history.records > 0)
    note = format_duration(history.last.eta_seconds) + " left";
  out += tile("time", format_duration(data.elapsed_seconds), note);
  return tile_section(out);
}

std::string charts(const History& history) {
  if (history.records == 0 && history.evals.size() < 2) return "";
  return chart_section(run_charts(history));
}

std::string evals(const History& history) {
  if (history.evals.empty()) return "";
  std::set<std::string> metrics;
  for (const EvalRecord& eval : history.evals)
    for (const auto& entry : eval.metrics) metrics.insert(entry.first);
  std::string out =
      "<h2>Evaluations</h2>\n<div class=\"card\"><table class=\"data\"><tr><th>split</th><th>step</th><th>epoch</th>";
  for (const std::string& metric : metrics) out += tag("th", metric);
  out += "<th>samples</th><th>time</th></tr>\n";
  const size_t first = history.evals.size() > kMostEvals ? history.evals.size() - kMostEvals : 0;
  for (size_t i = first; i < history.evals.size(); ++i) {
    const EvalRecord& eval = history.evals[i];
    out +=
        "<tr>" + tag("td", eval.split) + tag("td", std::to_string(eval.step)) + tag("td", format_fixed(eval.epoch, 2));
    for (const std::string& metric : metrics) {
      const auto value = eval.metrics.find(metric);
      Best best;
      const bool is_best = history.evals.size() > 1 && value != eval.metrics.end() &&
                           best_of(history, eval.split, metric, best) && best.step == eval.step;
      out += tag("td", value == eval.metrics.end() ? "" : format_metric(metric, value->second),
                 is_best ? "best" : nullptr);
    }
    out += tag("td", std::to_string(eval.samples)) + tag("td", format_duration(eval.seconds)) + "</tr>\n";
  }
  out += "</table></div>\n";
  if (first > 0) out += tag("p", "The last " + std::to_string(kMostEvals) + "; metrics.jsonl has all.", "none");
  return out;
}

std::string pictures(const PageData& data) {
  if (data.pictures->empty()) return "";
  std::string out = "<h2>Pictures</h2>\n<section class=\"pictures\">\n";
  for (const auto& [title, path] : *data.pictures) {
    out += "<figure>" + tag("figcaption", title);
    std::error_code failed;
    const uintmax_t size = std::filesystem::file_size(path, failed);
    const bool svg = path.extension() == ".svg";
    if (failed || size > kLargestPicture) {
      out +=
          tag("p", path.filename().string() + (failed ? ": " + failed.message() : ": too large to show here"), "none");
    } else {
      const std::string type = svg ? "svg+xml" : "png";
      out += "<div class=\"pad\"><img alt=\"" + escape_markup(title) + "\" src=\"data:image/" + type + ";base64," +
             base64(read_file(path)) + "\"></div>";
    }
    out += "</figure>\n";
  }
  return out + "</section>\n";
}

std::string summary(const PageData& data) {
  if (data.summary->empty()) return "";
  std::string out = "<h2>Experiment</h2>\n<div class=\"card\"><table class=\"keys\">\n";
  for (const SummaryRow& row : *data.summary) out += "<tr>" + tag("th", row.key) + tag("td", row.value) + "</tr>\n";
  return out + "</table></div>\n";
}

// Enough of the checksums to compare by eye; lock.json has all of them.
std::string origin(const PageData& data) {
  const json::object* lock = data.lock ? data.lock->if_object() : nullptr;
  const json::value* plugins = lock ? lock->if_contains("plugins") : nullptr;
  if (!plugins || !plugins->is_object()) return "";
  std::string out = "<h2>Plugins</h2>\n<div class=\"card\"><table class=\"data\"><tr>";
  for (const char* head : {"name", "plugin", "range", "version", "sha256", "schemas"}) out += tag("th", head);
  out += "</tr>\n";
  for (const auto& [name, entry] : plugins->get_object()) {
    out += "<tr>" + tag("td", std::string(name));
    for (const char* key : {"plugin", "range", "version", "sha256", "schemas"})
      out += tag("td", std::string(entry.at(key).as_string()).substr(0, key[0] == 's' ? 12 : std::string::npos));
    out += "</tr>\n";
  }
  return out + "</table></div>\n" + tag("p", "Config sha256: " + data.config_sha256, "none");
}

std::string warnings(const PageData& data) {
  if (data.warnings->empty()) return "";
  std::string out = "<h2>Warnings</h2>\n<div class=\"card\"><ul class=\"list\">\n";
  for (const PageData::Warning& warning : *data.warnings) {
    const std::string times = warning.times > 1 ? "<small>" + std::to_string(warning.times) + " times</small>" : "";
    out += "<li>" + escape_markup(warning.text) + times + "</li>\n";
  }
  if (data.more_warnings > 0) out += "<li>and " + std::to_string(data.more_warnings) + " more in log.txt</li>\n";
  return out + "</ul></div>\n";
}

std::string manifest(const PageData& data) {
  if (!data.manifest || data.manifest->is_null()) return "";
  return "<h2>Manifest</h2>\n<div class=\"card\"><details><summary>The whole manifest as it ran<small>base files "
         "merged, defaults "
         "filled in</small></summary>" +
         tag("pre", pretty_json(*data.manifest)) + "</details></div>\n";
}

}  // namespace

std::string report_page(const PageData& data) {
  const std::string title = data.title.empty() ? "vhost run" : data.title;
  return whole_page(title, data.status, status_class(data.status), "As of " + data.written,
                    tiles(data) + charts(*data.history) + pictures(data) + evals(*data.history) + summary(data) +
                        origin(data) + warnings(data) + manifest(data));
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (int k = 3; k >= 0; --k) out += kDigits[group >> (6 * k) & 63];
  }
  if (const size_t rest = bytes.size() % 3; rest > 0) out.replace(out.size() - (3 - rest), 3 - rest, 3 - rest, '=');
  return out;
}

}  // namespace vhost::report
