#include "report/runs_page.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "base/json.h"
#include "report/format.h"
#include "report/page_parts.h"

namespace vhost::report {
namespace {

constexpr size_t kLongestValue = 120;

using Row = std::vector<std::string>;

std::string cut(const std::string& text) {
  size_t end = 0;  // between two characters
  while (end < text.size() && end < kLongestValue) end += std::max<size_t>(1, utf8_length(text, end));
  return end >= text.size() ? text : text.substr(0, end) + "...";
}

std::string colored_name(const RunData& run, size_t place) {
  return "<svg class=\"chart mark\" viewBox=\"0 0 18 10\" width=\"18\" height=\"10\"><line x1=\"2\" y1=\"5\" x2=\"16\" "
         "y2=\"5\" class=\"swatch c" +
         std::to_string(place % 6) + "\"/></svg> " + escape_markup(run.name);
}

std::set<std::pair<std::string, std::string>> measured_by(const std::vector<RunData>& runs) {
  std::set<std::pair<std::string, std::string>> all;
  for (const RunData& run : runs)
    for (const EvalRecord& eval : run.history.evals)
      for (const auto& entry : eval.metrics) all.emplace(eval.split, entry.first);
  return all;
}

// "81.25 % (best 82.00 % at 400)"
std::string metric_of(const RunData& run, const std::string& split, const std::string& metric) {
  std::optional<double> last, best;
  int64_t best_at = 0;
  for (const EvalRecord& eval : run.history.evals) {
    const auto value = eval.metrics.find(metric);
    if (eval.split != split || value == eval.metrics.end()) continue;
    last = value->second;
    const bool better = best && (higher_is_better(metric) ? *last > *best : *last < *best);
    if (std::isfinite(*last) && (!best || better)) best = last, best_at = eval.step;
  }
  if (!last) return "";
  std::string text = format_metric(metric, *last);
  if (best && *best != *last) text += " (best " + format_metric(metric, *best) + " at " + std::to_string(best_at) + ")";
  return text;
}

Row figures_head(const std::vector<RunData>& runs) {
  Row head{"run", "steps", "final loss", "lowest loss"};
  for (const auto& [split, metric] : measured_by(runs)) head.push_back(split + " " + metric);
  head.push_back("samples/s");
  return head;
}

Row figures_of(const RunData& run, const std::vector<RunData>& runs) {
  const History& history = run.history;
  Row row{run.name, std::to_string(history.last.step) + (run.by_epoch ? " epochs" : ""), "", ""};
  if (const auto loss = history.steps.find("loss"); loss != history.steps.end()) {
    row[2] = format_number(loss->second.last());
    row[3] = format_number(loss->second.lowest()) + " at " + format_fixed(loss->second.lowest_at(), 0);
  }
  for (const auto& [split, metric] : measured_by(runs)) row.push_back(metric_of(run, split, metric));
  row.push_back(history.last.samples_per_second > 0 ? format_rate(history.last.samples_per_second) : "");
  return row;
}

// "6.25 % (best 12.50 % at 6)" takes two lines.
std::string figure_cell(const std::string& text) {
  const size_t note = text.find(" (best ");
  if (note == text.npos) return tag("td", text);
  return "<td>" + escape_markup(text.substr(0, note)) + tag("small", text.substr(note + 2, text.size() - note - 3)) +
         "</td>";
}

std::string figures_table(const std::vector<RunData>& runs) {
  std::string out = "<h2>Final figures</h2>\n<div class=\"card\"><table class=\"data\"><tr>";
  for (const std::string& name : figures_head(runs)) out += tag("th", name);
  out += "</tr>\n";
  for (size_t i = 0; i < runs.size(); ++i) {
    const Row row = figures_of(runs[i], runs);
    out += "<tr><td>" + colored_name(runs[i], i) + "</td>";
    for (size_t k = 1; k < row.size(); ++k) out += figure_cell(row[k]);
    out += "</tr>\n";
  }
  return out + "</table></div>\n";
}

std::string differences_table(const std::vector<RunData>& runs) {
  std::vector<RunData> recorded;
  for (const RunData& run : runs)
    if (!run.record.is_null()) recorded.push_back(run);
  if (recorded.size() < 2) return "";
  const Differences all = differences(recorded);
  std::string out = "<h2>What differs</h2>\n<div class=\"card\"><table class=\"data texts\"><tr><th></th>";
  for (const RunData& run : recorded) out += tag("th", run.name);
  out += "</tr>\n";
  for (const auto& [name, values] : all.rows) {
    out += "<tr>" + tag("td", name);
    for (const std::string& value : values) out += tag("td", value.empty() ? "-" : cut(value));
    out += "</tr>\n";
  }
  const std::string rest =
      std::to_string(all.same) + " other values of manifest, data, plugins and machine are the same.";
  return out + "</table></div>\n" + tag("p", rest, "none");
}

std::string sources(const std::vector<RunData>& runs) {
  std::string out = "<h2>Runs</h2>\n<div class=\"card\"><table class=\"keys\">\n";
  for (size_t i = 0; i < runs.size(); ++i) {
    out +=
        "<tr><th>" + colored_name(runs[i], i) + "</th><td>" + escape_markup(runs[i].path + " (" + runs[i].format + ")");
    for (const std::string& note : runs[i].notes) out += "<br>" + escape_markup(note);
    out += "</td></tr>\n";
  }
  return out + "</table></div>\n";
}

}  // namespace

std::string runs_page(const std::vector<RunData>& runs, const std::string& title) {
  const std::string count = std::to_string(runs.size()) + (runs.size() == 1 ? " run" : " runs");
  return whole_page(
      title, count, "run", "As of " + local_time(),
      figures_table(runs) + chart_section(overlay_charts(runs)) + differences_table(runs) + sources(runs));
}

std::string comparison_page(const Comparison& c, const std::vector<RunData>& runs) {
  const std::string unit = c.curve.by_epoch ? "epochs" : "steps";
  std::string left_out;
  if (c.only_curve > 0) left_out = std::to_string(c.only_curve) + " only in the run ";
  if (c.only_reference > 0) left_out += std::to_string(c.only_reference) + " only in the reference";
  std::string tiles = tile("mean relative error", format_number(c.mre), "limit " + format_lr(c.limits.mre));
  tiles += tile("mean absolute error", format_number(c.mae), "limit " + format_lr(c.limits.mae));
  tiles += tile("largest relative error", format_number(c.largest), "at " + std::to_string(c.largest_at));
  tiles += tile("common " + unit, std::to_string(c.step.size()), left_out);
  if (c.not_finite > 0) tiles += tile("not finite", std::to_string(c.not_finite), "so it can't be accepted");
  return whole_page(runs[0].name + " against " + runs[1].name, c.accepted() ? "accepted" : "not accepted",
                    c.accepted() ? "good" : "bad-pill", "As of " + local_time(),
                    tile_section(tiles) + chart_section({overlay_chart(c), error_chart(c)}) + differences_table(runs) +
                        sources(runs));
}

std::string runs_text(const std::vector<RunData>& runs) {
  std::vector<Row> rows{figures_head(runs)};
  for (const RunData& run : runs) rows.push_back(figures_of(run, runs));
  std::vector<size_t> widths(rows[0].size());
  for (const Row& row : rows)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], static_cast<size_t>(text_columns(row[i])));
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] - static_cast<size_t>(text_columns(row[i])) + 2, ' ');
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

}  // namespace vhost::report
