#include "engine/class_counts.h"

namespace vhost {

namespace {

double share(int64_t part, int64_t whole) {
  return whole ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

double mean_percent(const std::vector<ClassRow>& rows, double (ClassRow::*value)() const) {
  double sum = 0;
  for (const ClassRow& row : rows) sum += (row.*value)();
  return rows.empty() ? 0 : 100 * sum / static_cast<double>(rows.size());
}

}  // namespace

double ClassRow::recall() const {
  return share(correct, samples);
}

double ClassRow::precision() const {
  return share(correct, predicted);
}

double ClassRow::f1() const {
  return share(2 * correct, samples + predicted);
}

void ClassCounts::merge(const ClassCounts& other) {
  for (const auto& [pair, count] : other.entries_) entries_[pair] += count;
}

int64_t ClassCounts::samples() const {
  int64_t sum = 0;
  for (const auto& [pair, count] : entries_) sum += count;
  return sum;
}

std::vector<ClassRow> ClassCounts::rows() const {
  std::map<int64_t, ClassRow> rows;
  for (const auto& [pair, count] : entries_) {
    const auto [label, predicted] = pair;
    rows[label].samples += count;
    if (predicted >= 0) rows[predicted].predicted += count;
    if (predicted == label) rows[label].correct += count;
  }
  std::vector<ClassRow> out;
  for (auto& [label, row] : rows) {
    row.label = label;
    out.push_back(row);
  }
  return out;
}

double ClassCounts::mean_class_accuracy() const {
  return mean_percent(rows(), &ClassRow::recall);
}

double ClassCounts::f1_macro() const {
  return mean_percent(rows(), &ClassRow::f1);
}

double ClassCounts::f1_micro() const {
  int64_t correct = 0, wrong_twice = 0;  // 2 tp / (2 tp + fp + fn)
  for (const ClassRow& row : rows()) {
    correct += row.correct;
    wrong_twice += row.samples + row.predicted - 2 * row.correct;
  }
  return 100 * share(2 * correct, 2 * correct + wrong_twice);
}

}  // namespace vhost
