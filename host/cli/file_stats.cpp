#include "cli/file_stats.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "report/format.h"

namespace vhost {

namespace {

constexpr const char* kMissing = "missing";
constexpr size_t kSizesShown = 4;
constexpr double kMostExact = 9007199254740992.0;  // 2^53

std::string number_text(double value) {
  return value == std::floor(value) ? std::to_string(std::llround(value)) : report::format_fixed(value, 2);
}

std::string padded(std::string label) {
  std::ranges::replace(label, '_', ' ');
  label.resize(std::max<size_t>(label.size() + 1, 13), ' ');
  return "  " + label;
}

std::string sizes_line(const std::vector<FrameSize>& sizes) {
  std::string out;
  for (size_t i = 0; i < std::min(sizes.size(), kSizesShown); ++i)
    out += (i ? ", " : "") + std::to_string(sizes[i].width) + " x " + std::to_string(sizes[i].height) + ": " +
           std::to_string(sizes[i].samples);
  if (sizes.size() > kSizesShown) out += ", " + std::to_string(sizes.size() - kSizesShown) + " others";
  return out;
}

int64_t count_short(const DatasetFacts& facts) {
  return std::ranges::count_if(facts.samples, [&](const SampleFacts& sample) { return is_short(facts, sample); });
}

}  // namespace

double file_fact(const DatasetFacts& facts, const SampleFacts& sample, const std::string& key) {
  const auto at = std::ranges::find(facts.file_keys, key);
  const auto i = static_cast<size_t>(at - facts.file_keys.begin());
  const double value = i < sample.file.size() ? sample.file[i] : 0;
  return value > 0 && value < kMostExact ? value : 0;
}

bool is_short(const DatasetFacts& facts, const SampleFacts& sample) {
  return file_fact(facts, sample, kMissing) > 0;
}

std::string short_text(const DatasetFacts& facts, const SampleFacts& sample) {
  return "holds " + number_text(file_fact(facts, sample, "frames")) + " frames, announces " +
         number_text(file_fact(facts, sample, kMissing)) + " more";
}

std::vector<Distribution> distributions(const DatasetFacts& facts) {
  std::vector<Distribution> all;
  for (const std::string& key : facts.file_keys) {
    if (key == kMissing) continue;
    std::vector<double> values;
    for (const SampleFacts& sample : facts.samples)
      if (const double value = file_fact(facts, sample, key); value > 0) values.push_back(value);
    Distribution& one = all.emplace_back();
    one.key = key;
    one.known = static_cast<int64_t>(values.size());
    if (values.empty()) continue;
    std::ranges::sort(values);
    one.least = values.front(), one.median = values[values.size() / 2], one.most = values.back();
    for (const SampleFacts& sample : facts.samples)
      if (const double value = file_fact(facts, sample, key);
          value > 0 && (value < one.median / 2 || value > one.median * 2))
        one.unusual.push_back(sample.name);
  }
  return all;
}

std::vector<FrameSize> frame_sizes(const DatasetFacts& facts) {
  std::map<std::pair<int64_t, int64_t>, int64_t> counts;
  for (const SampleFacts& sample : facts.samples)
    if (const double width = file_fact(facts, sample, "width"), height = file_fact(facts, sample, "height");
        width > 0 && height > 0)
      ++counts[{std::llround(width), std::llround(height)}];
  std::vector<FrameSize> sizes;
  for (const auto& [size, count] : counts) sizes.push_back({size.first, size.second, count});
  std::ranges::stable_sort(sizes, std::greater<>{}, &FrameSize::samples);
  return sizes;
}

std::string file_stats_text(const DatasetFacts& facts) {
  if (facts.file_keys.empty()) return padded("contents") + facts.use + " doesn't tell sizes, frames and durations\n";
  std::string out;
  if (const auto sizes = frame_sizes(facts); !sizes.empty()) out += padded("sizes") + sizes_line(sizes) + "\n";
  for (const Distribution& one : distributions(facts)) {
    out += padded(one.key);
    if (one.known == 0) {
      out += "not known\n";
      continue;
    }
    out +=
        "least " + number_text(one.least) + ", median " + number_text(one.median) + ", most " + number_text(one.most);
    if (!one.unusual.empty())
      out += "; " + std::to_string(one.unusual.size()) + " below half or above twice the median";
    if (const auto known = static_cast<size_t>(one.known); known < facts.samples.size())
      out += "; of " + std::to_string(known) + " samples";
    out += "\n";
  }
  if (const int64_t cut = count_short(facts))
    out += padded("short") + std::to_string(cut) + " (vhost data scan lists them)\n";
  return out;
}

json::object file_stats_json(const DatasetFacts& facts) {
  json::object out;
  for (const Distribution& one : distributions(facts)) {
    json::array unusual;
    for (const std::string& name : one.unusual) unusual.push_back(json::value(valid_utf8(name)));
    out[one.key] = json::object{{"least", one.least},
                                {"median", one.median},
                                {"most", one.most},
                                {"known", one.known},
                                {"unusual", std::move(unusual)}};
  }
  json::array sizes;
  for (const FrameSize& size : frame_sizes(facts))
    sizes.push_back(json::object{{"width", size.width}, {"height", size.height}, {"samples", size.samples}});
  if (!facts.file_keys.empty()) out["sizes"] = std::move(sizes), out["short"] = count_short(facts);
  return out;
}

}  // namespace vhost
