#include "cli/data_tables.h"

#include <algorithm>
#include <set>

#include "base/printable.h"
#include "cli/file_stats.h"
#include "report/format.h"

namespace vhost {

using report::format_fixed;

namespace {

std::string right(const std::string& text, size_t width) {
  return text.size() >= width ? text : std::string(width - text.size(), ' ') + text;
}

std::string bytes_text(int64_t bytes) {
  const char* const units[] = {"bytes", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(units)) value /= 1000, ++unit;
  return format_fixed(value, unit == 0 ? 0 : 1) + " " + units[unit];
}

int64_t broken_of(const DatasetFacts& facts) {
  return std::ranges::count_if(facts.samples, [](const SampleFacts& sample) { return !sample.error.empty(); });
}

std::string heading(const DatasetFacts& facts) {
  std::string text = facts.pointer + "  " + facts.use + "\n  samples      " + std::to_string(facts.length);
  if (facts.skipped > 0) text += " (" + std::to_string(facts.skipped) + " more are skipped)";
  return text + "\n  fingerprint  " + facts.fingerprint + "\n";
}

json::object dataset_json(const DatasetFacts& facts) {
  json::object files;
  for (const auto& [pointer, sha256] : facts.files) files[pointer] = sha256;
  return {{"dataset", facts.pointer}, {"use", facts.use},         {"samples", facts.length},
          {"skipped", facts.skipped}, {"classes", facts.classes}, {"fingerprint", facts.fingerprint},
          {"files", std::move(files)}};
}

// Readable samples by label; -1 = without one.
std::map<int64_t, int64_t> by_class(const DatasetFacts& facts) {
  std::map<int64_t, int64_t> counts;
  for (int64_t label = 0; label < facts.classes; ++label) counts[label] = 0;
  for (const SampleFacts& sample : facts.samples)
    if (sample.error.empty()) ++counts[sample.label];
  return counts;
}

std::string class_name(const DatasetFacts& facts, int64_t label) {
  if (label < 0) return "(no label)";
  return label < static_cast<int64_t>(facts.class_names.size()) ? facts.class_names[static_cast<size_t>(label)] : "";
}

struct Sizes {
  int64_t total = 0, least = 0, median = 0, most = 0, known = 0;
};

Sizes sizes_of(const DatasetFacts& facts) {
  std::vector<int64_t> bytes;
  for (const SampleFacts& sample : facts.samples)
    if (sample.bytes >= 0) bytes.push_back(sample.bytes);
  Sizes sizes;
  if (bytes.empty()) return sizes;
  std::ranges::sort(bytes);
  for (const int64_t one : bytes) sizes.total += one;
  return {sizes.total, bytes.front(), bytes[bytes.size() / 2], bytes.back(), static_cast<int64_t>(bytes.size())};
}

std::string class_table(const DatasetFacts& facts) {
  std::string out = "  class   samples    share  name\n";
  for (const auto& [label, count] : by_class(facts)) {
    const double share =
        100.0 * static_cast<double>(count) / static_cast<double>(std::max<size_t>(1, facts.samples.size()));
    std::string line = "  " + right(label < 0 ? "-" : std::to_string(label), 5) + right(std::to_string(count), 10) +
                       right(format_fixed(share, 2) + " %", 9) + "  " + printable(class_name(facts, label));
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

template <class Make>
std::string list_json(const std::vector<DatasetFacts>& all, Make make) {
  json::array out;
  for (const DatasetFacts& facts : all) out.push_back(make(facts));
  return pretty_json(out);
}

}  // namespace

std::string fingerprint_text(const std::vector<DatasetFacts>& all) {
  std::string out;
  for (const DatasetFacts& facts : all) {
    out += heading(facts);
    for (const auto& [pointer, sha256] : facts.files) out += "  " + pointer + "  sha256 " + sha256 + "\n";
  }
  return out;
}

std::string facts_json(const std::vector<DatasetFacts>& all) {
  return list_json(all, dataset_json);
}

std::string scan_text(const std::vector<DatasetFacts>& all) {
  std::string out;
  int64_t samples = 0, broken = 0, cut = 0;
  double seconds = 0;
  for (const DatasetFacts& facts : all) {
    out += heading(facts);
    for (const SampleFacts& sample : facts.samples)
      if (!sample.error.empty())
        out += "  broken       " + printable(sample.name) + ": " + printable(sample.error) + "\n";
    for (const SampleFacts& sample : facts.samples)
      if (is_short(facts, sample))
        out += "  short        " + printable(sample.name) + ": " + short_text(facts, sample) + "\n", ++cut;
    samples += facts.length, broken += broken_of(facts), seconds += facts.seconds;
  }
  out += "read        " + std::to_string(samples) + " samples in " + report::format_duration(seconds);
  if (seconds > 0) out += ", " + report::format_rate(static_cast<double>(samples) / seconds) + " per second";
  out += "\nbroken      " + std::to_string(broken) + "\n";
  return cut > 0 ? out + "short       " + std::to_string(cut) + ", cut off at their ends and readable\n" : out;
}

std::string scan_json(const std::vector<DatasetFacts>& all) {
  return list_json(all, [](const DatasetFacts& facts) {
    json::object out = dataset_json(facts);
    json::array broken, cut;
    for (const SampleFacts& sample : facts.samples) {
      if (!sample.error.empty())
        broken.push_back(json::object{{"name", valid_utf8(sample.name)}, {"reason", valid_utf8(sample.error)}});
      if (is_short(facts, sample))
        cut.push_back(json::object{{"name", valid_utf8(sample.name)},
                                   {"frames", file_fact(facts, sample, "frames")},
                                   {"missing", file_fact(facts, sample, "missing")}});
    }
    out["broken"] = std::move(broken);
    out["short"] = std::move(cut);
    return out;
  });
}

std::string skip_list(const std::vector<DatasetFacts>& all, bool with_short) {
  std::string out;
  std::set<std::string> named;
  for (const DatasetFacts& facts : all) {
    std::string lines;
    int64_t count = 0;
    for (const SampleFacts& sample : facts.samples) {
      const bool cut = with_short && is_short(facts, sample);
      if (sample.error.empty() && !cut) continue;
      ++count;
      if (named.insert(sample.name).second)
        lines += (sample.name.starts_with('#') ? "./" : "") + sample.name + "\t" +
                 (cut ? short_text(facts, sample) : printable(sample.error)) + "\n";
    }
    out += "# " + std::to_string(count) + " of " + std::to_string(facts.length) + " samples of " + facts.pointer +
           ", " + facts.use + " " + facts.fingerprint + "\n" + lines;
  }
  return out;
}

std::string stats_text(const std::vector<DatasetFacts>& all) {
  std::string out;
  for (const DatasetFacts& facts : all) {
    out += heading(facts);
    if (const int64_t broken = broken_of(facts))
      out += "  broken       " + std::to_string(broken) + " (vhost data scan lists them)\n";
    out += "  as read      " + facts.sample + "\n";
    if (const Sizes sizes = sizes_of(facts); sizes.known > 0)
      out += "  files        " + bytes_text(sizes.total) + "; least " + bytes_text(sizes.least) + ", median " +
             bytes_text(sizes.median) + ", most " + bytes_text(sizes.most) + "\n";
    out += file_stats_text(facts) + class_table(facts);
  }
  return out;
}

std::string stats_json(const std::vector<DatasetFacts>& all) {
  return list_json(all, [](const DatasetFacts& facts) {
    json::object out = dataset_json(facts);
    json::array classes;
    for (const auto& [label, count] : by_class(facts))
      classes.push_back(
          json::object{{"label", label}, {"name", valid_utf8(class_name(facts, label))}, {"samples", count}});
    const Sizes sizes = sizes_of(facts);
    out["broken"] = broken_of(facts);
    out["bytes"] =
        json::object{{"total", sizes.total}, {"least", sizes.least}, {"median", sizes.median}, {"most", sizes.most}};
    out["file"] = file_stats_json(facts);
    out["by_class"] = std::move(classes);
    return out;
  });
}

}  // namespace vhost
