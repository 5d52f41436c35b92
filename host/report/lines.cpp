#include <algorithm>
#include <cmath>
#include <vector>

#include "report/format.h"

namespace vhost::report {
namespace {

struct Part {
  std::string text;
  int rank;  // 0 = stays longest
};

constexpr int kBars[] = {30, 20, 10};  // few sizes, so that the line doesn't jump with every digit
constexpr std::string_view kGap = "  ";

std::string out_of(int64_t done, int64_t total) {
  return total > 0 ? std::to_string(done) + "/" + std::to_string(total) : std::to_string(done);
}

std::string epoch_text(const StepRecord& r) {
  return "epoch " + format_fixed(r.epoch, 2) + (r.epochs > 0 ? "/" + std::to_string(r.epochs) : "");
}

std::string share_text(double share) {
  return std::isfinite(share) ? format_fixed(100 * std::clamp(share, 0.0, 1.0), 0) + " %" : "?";
}

// With one loss, "loss.main" repeats "loss".
bool repeats_loss(const StepRecord& record, const std::string& name) {
  if (name.compare(0, 5, "loss.") != 0) return false;
  const auto is_loss = [](const auto& entry) { return entry.first.compare(0, 5, "loss.") == 0; };
  return std::count_if(record.scalars.begin(), record.scalars.end(), is_loss) == 1;
}

std::string bar(double share, int width, const LiveStyle& style) {
  const int filled = static_cast<int>(std::floor(std::clamp(share, 0.0, 1.0) * width));
  std::string on, off;
  for (int i = 0; i < filled; ++i) on += style.unicode ? "━" : "#";
  for (int i = filled; i < width; ++i) off += style.unicode ? "─" : "-";
  if (!style.color) return style.unicode ? on + off : "[" + on + off + "]";
  return "\x1b[36m" + on + "\x1b[2m" + off + "\x1b[0m";
}

std::string cut(const std::string& text, int columns) {
  std::string out;
  int used = 0;
  for (size_t i = 0; i < text.size();) {
    size_t next = i + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) ++next;
    if (++used > columns) break;
    out.append(text, i, next - i);
    i = next;
  }
  return out;
}

// Joins the parts that fit, in their order, after a bar of what room is left (share < 0: no bar).
std::string fit(std::vector<Part> parts, double share, const LiveStyle& style) {
  const int room = std::max(1, style.columns - 1);
  const auto width = [&] {
    int sum = 0;
    for (const Part& part : parts) sum += text_columns(part.text) + static_cast<int>(kGap.size());
    return sum - static_cast<int>(kGap.size());
  };
  const auto less = [](const Part& a, const Part& b) { return a.rank < b.rank; };
  while (parts.size() > 1 && width() > room) parts.erase(std::max_element(parts.begin(), parts.end(), less));
  std::string line;
  const int brackets = style.unicode || style.color ? 0 : 2;
  const int left = room - width() - static_cast<int>(kGap.size()) - brackets;
  const auto size = std::find_if(std::begin(kBars), std::end(kBars), [&](int columns) { return columns <= left; });
  if (share >= 0 && size != std::end(kBars)) line = bar(share, *size, style);
  for (const Part& part : parts) {
    if (!line.empty()) line += kGap;
    line += part.text;
  }
  return text_columns(line) > room ? cut(line, room) : line;
}

}  // namespace

std::string step_line(const StepRecord& r) {
  std::string line = epoch_text(r) + "  step " + out_of(r.step, r.total_steps) + "  loss " + format_number(r.loss);
  for (const auto& [name, value] : r.scalars)
    if (!repeats_loss(r, name)) line += "  " + name + " " + format_metric(name, value);
  line += "  lr " + format_lr(r.lr) + "  " + format_rate(r.samples_per_second) + " samples/s";
  return line + "  data wait " + share_text(r.data_wait) + "  eta " + format_duration(r.eta_seconds);
}

std::string eval_line(const EvalRecord& r) {
  std::string line = r.split;
  if (std::isfinite(r.epoch)) line += " at step " + std::to_string(r.step) + ", epoch " + format_fixed(r.epoch, 2);
  line += ":";
  for (const auto& [name, value] : r.metrics) line += "  " + name + " " + format_metric(name, value);
  return line + "  (" + std::to_string(r.samples) + " samples in " + format_duration(r.seconds) + ")";
}

std::string live_line(const StepRecord& r, const LiveStyle& style) {
  const double share = r.total_steps > 0 ? static_cast<double>(r.step) / static_cast<double>(r.total_steps) : -1;
  std::vector<Part> parts;
  if (share >= 0) {
    const std::string percent = format_fixed(std::floor(100 * std::clamp(share, 0.0, 1.0)), 0) + " %";
    parts.push_back({std::string(5 - std::min<size_t>(5, percent.size()), ' ') + percent, 4});
  }
  parts.push_back({epoch_text(r), 5});
  parts.push_back({"step " + out_of(r.step, r.total_steps), 0});
  parts.push_back({"loss " + format_number(r.loss), 1});
  if (const auto top1 = r.scalars.find("top1"); top1 != r.scalars.end())
    parts.push_back({"top1 " + format_percent(top1->second), 6});
  parts.push_back({"lr " + format_lr(r.lr), 8});
  parts.push_back({format_rate(r.samples_per_second) + " samples/s", 3});
  parts.push_back({"wait " + share_text(r.data_wait), 7});
  parts.push_back({"eta " + format_duration(r.eta_seconds), 2});
  return fit(std::move(parts), share, style);
}

std::string live_line(const std::string& what, int64_t done, int64_t total, const LiveStyle& style) {
  if (total <= 0) return fit({{what, 0}, {std::to_string(done), 1}}, -1, style);
  const double share = static_cast<double>(done) / static_cast<double>(total);
  return fit({{what, 0}, {out_of(done, total), 1}, {share_text(std::floor(share * 100) / 100), 2}}, share, style);
}

int text_columns(std::string_view text) {
  int columns = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == 0x1b) {
      while (i < text.size() && text[i] != 'm') ++i;
      continue;
    }
    if ((byte & 0xC0) != 0x80) ++columns;
  }
  return columns;
}

}  // namespace vhost::report
