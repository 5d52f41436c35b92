#include "engine/results.h"

#include <algorithm>

#include "base/json_number.h"
#include "report/format.h"

namespace vhost {

namespace {

using report::format_fixed;
using report::text_columns;

constexpr size_t kLongestName = 32;

std::string name_of(const std::vector<std::string>& names, int64_t label) {
  if (label >= 0 && label < static_cast<int64_t>(names.size())) return valid_utf8(names[static_cast<size_t>(label)]);
  return label < 0 ? "none" : "class " + std::to_string(label);
}

json::array classes_json(const ClassCounts& counts, const std::vector<std::string>& names) {
  json::array out;
  for (const ClassRow& row : counts.rows())
    out.push_back({{"label", row.label},
                   {"class", name_of(names, row.label)},
                   {"samples", row.samples},
                   {"predicted", row.predicted},
                   {"correct", row.correct},
                   {"accuracy", 100 * row.recall()},
                   {"precision", 100 * row.precision()},
                   {"f1", 100 * row.f1()}});
  return out;
}

json::object confusion_json(const ClassCounts& counts, size_t classes) {
  json::array entries;
  for (const auto& [pair, count] : counts.entries()) entries.push_back({pair.first, pair.second, count});
  return {{"classes", classes}, {"columns", {"label", "predicted", "samples"}}, {"entries", std::move(entries)}};
}

json::object data_json(const Experiment& x, const std::string& pointer) {
  const RecordedData& data = x.data.at(pointer);
  json::object files;
  for (const auto& [place, sha256] : data.files) files[place] = sha256;
  return {{"place", pointer}, {"fingerprint", data.fingerprint}, {"files", files}, {"dataset", x.manifest.at(pointer)}};
}

std::string cut(std::string name) {
  if (text_columns(name) <= static_cast<int>(kLongestName)) return name;
  size_t end = 0;
  for (size_t columns = 0; columns + 2 < kLongestName; ++columns) end += std::max<size_t>(1, utf8_length(name, end));
  return name.substr(0, end) + "..";
}

std::string padded(const std::string& text, size_t width, bool right = false) {
  const std::string space(width - std::min<size_t>(width, static_cast<size_t>(text_columns(text))), ' ');
  return right ? space + text : text + space;
}

// "climbing (5)": the most frequent wrong answer; of equally frequent ones the first class.
std::string taken_for(const ClassCounts& counts, const std::vector<std::string>& names, int64_t label) {
  int64_t most = 0, wrong = -1;
  for (const auto& [pair, count] : counts.entries())
    if (pair.first == label && pair.second != label && count > most) most = count, wrong = pair.second;
  return most ? cut(name_of(names, wrong)) + " (" + std::to_string(most) + ")" : "";
}

}  // namespace

json::object results_json(const Experiment& x, const DataSource& source, const LoadedCheckpoint& loaded,
                          const EvaluationSums& sums, const std::vector<std::string>& names) {
  json::object metrics;
  for (const auto& [name, value] : sums.metrics()) metrics[name] = number_json(value);
  json::array unreadable;
  for (const auto& [index, reason] : sums.unreadable)
    unreadable.push_back({{"name", valid_utf8(source.dataset->name(index))}, {"reason", valid_utf8(reason)}});
  json::object out{{"name", x.manifest.string("/name")},
                   {"checkpoint", loaded.folder.string()},
                   {"config_sha256", config_sha256(x.manifest)},
                   {"data", data_json(x, source.dataset->pointer())},
                   {"views", source.layout.views},
                   {"combine", x.manifest.string("/eval/combine")},
                   {"samples", sums.samples},
                   {"labelled", sums.labelled},
                   {"unreadable", std::move(unreadable)},
                   {"metrics", std::move(metrics)}};
  if (sums.classes.samples() == 0) return out;
  out["classes"] = classes_json(sums.classes, names);
  out["confusion"] = confusion_json(sums.classes, names.size());
  return out;
}

std::string class_table(const ClassCounts& counts, const std::vector<std::string>& names, size_t most) {
  std::vector<ClassRow> rows = counts.rows();
  if (rows.empty()) return "";
  const size_t all = rows.size();
  if (all > most) {
    std::ranges::stable_sort(rows, {}, [](const ClassRow& row) { return row.recall(); });
    rows.resize(most);
  }
  size_t width = 5;
  for (const ClassRow& row : rows)
    width = std::max(width, static_cast<size_t>(text_columns(cut(name_of(names, row.label)))));
  std::string out = padded("class", width) + "  samples  correct  accuracy       F1  most often taken for\n";
  for (const ClassRow& row : rows) {
    const std::string line =
        padded(cut(name_of(names, row.label)), width) + "  " + padded(std::to_string(row.samples), 7, true) + "  " +
        padded(std::to_string(row.correct), 7, true) + "  " +
        padded(format_fixed(100 * row.recall(), 2) + " %", 8, true) + "  " +
        padded(format_fixed(100 * row.f1(), 2) + " %", 8, true) + "  " + taken_for(counts, names, row.label);
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  if (all > most)
    out += "the " + std::to_string(most) + " classes of " + std::to_string(all) + " with the lowest accuracy\n";
  return out;
}

}  // namespace vhost
