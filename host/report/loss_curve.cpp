#include "report/loss_curve.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "report/metrics_file.h"

namespace vhost::report {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kFormats =
    "vhost's metrics.jsonl, mmengine's scalars.json, PySlowFast's json_stats lines, VideoMAE's log.txt and CSV with "
    "step,loss are known";

constexpr double kMostSteps = 1e9;  // of an epoch, and epochs: their product is an int64

struct Point {
  double loss = 0, epoch = std::numeric_limits<double>::quiet_NaN();
};

// What the lines of a log have given so far, by format: only one of them is used.
struct Points {
  std::map<int64_t, Point> at;
  int64_t repeated = 0;

  void add(int64_t step, Point point) {
    if (!at.insert_or_assign(step, point).second) ++repeated;
  }
};

std::optional<double> not_finite(std::string_view word) {
  if (word == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (word == "Infinity") return std::numeric_limits<double>::infinity();
  if (word == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

std::optional<double> number(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  if (!value) return std::nullopt;
  if (value->is_string()) return not_finite(value->get_string());
  if (!value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

std::optional<int64_t> whole(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  if (!value || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

std::optional<double> as_number(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\"+"), end = text.find_last_not_of(" \t\r\"");
  if (begin == text.npos) return std::nullopt;
  double value = 0;
  const auto [stop, failed] = std::from_chars(text.data() + begin, text.data() + end + 1, value);
  if (failed != std::errc() || stop != text.data() + end + 1) return std::nullopt;
  return value;
}

// "10/344" -> {10, 344}
std::optional<std::pair<int64_t, int64_t>> of_total(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  if (!value || !value->is_string()) return std::nullopt;
  const std::string_view text(value->get_string().data(), value->get_string().size());
  const size_t slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  const auto at = as_number(text.substr(0, slash)), total = as_number(text.substr(slash + 1));
  if (!at || !total || *at < 0 || *at > kMostSteps || *total < 1 || *total > kMostSteps) return std::nullopt;
  return std::pair(static_cast<int64_t>(*at), static_cast<int64_t>(*total));
}

// Python writes NaN and Infinity bare, which JSON doesn't have: made texts, as metrics.jsonl has them.
std::string without_bare_words(std::string_view line) {
  std::string out(line);
  for (const char* word : {"NaN", "Infinity", "-Infinity"}) {
    const std::string bare = std::string(": ") + word;
    for (size_t at = 0; (at = out.find(bare, at)) != out.npos; at += bare.size())
      out.replace(at, bare.size(), std::string(": \"") + word + "\"");
  }
  return out;
}

std::optional<json::object> json_object(std::string_view line) {
  boost::system::error_code failed;
  const json::value value = json::parse(without_bare_words(line), failed);
  if (failed || !value.is_object()) return std::nullopt;
  return value.get_object();
}

// Sorts a log's lines by the system that wrote them.
class LogReader {
 public:
  void line(std::string_view text) {
    while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
    if (const size_t stats = text.find("json_stats: {"); stats != text.npos) return pyslowfast(text.substr(stats + 12));
    if (text.starts_with('{')) return json_line(text);
    csv(text);
  }

  LossCurve curve() const {
    if (!mmengine_.at.empty()) return made("mmengine", mmengine_, false);
    if (!iterations_.at.empty()) return made("pyslowfast", iterations_, false);
    if (!epochs_.at.empty()) return made("pyslowfast", epochs_, true);
    if (!videomae_.at.empty()) return made("videomae", videomae_, true);
    return made("csv", csv_, csv_epochs_);
  }

 private:
  static LossCurve made(const char* format, const Points& points, bool by_epoch) {
    LossCurve curve;
    curve.format = format;
    curve.by_epoch = by_epoch;
    curve.repeated = points.repeated;
    const auto known = [](const auto& entry) { return std::isfinite(entry.second.epoch); };
    const bool epochs = !by_epoch && std::ranges::all_of(points.at, known);
    for (const auto& [step, point] : points.at) {
      curve.step.push_back(step);
      curve.loss.push_back(point.loss);
      if (epochs) curve.epoch.push_back(point.epoch);
    }
    return curve;
  }

  void pyslowfast(std::string_view text) {
    const auto object = json_object(text);
    if (!object || !object->contains("_type") || !object->at("_type").is_string()) return;
    const json::string& type = object->at("_type").get_string();
    const auto loss = number(*object, "loss");
    const auto epoch = of_total(*object, "epoch"), iteration = of_total(*object, "iter");
    if (!loss || !epoch) return;
    if (type.starts_with("train_epoch")) epochs_.add(epoch->first, {*loss});
    if (!type.starts_with("train_iter") || !iteration) return;
    const auto [at, total] = *iteration;
    const double share = static_cast<double>(at) / static_cast<double>(total);
    iterations_.add((epoch->first - 1) * total + at, {*loss, static_cast<double>(epoch->first - 1) + share});
  }

  void json_line(std::string_view text) {
    const auto object = json_object(text);
    if (!object) return;
    const auto epoch = whole(*object, "epoch");
    if (const auto loss = number(*object, "train_loss"); loss && epoch) return videomae_.add(*epoch + 1, {*loss});
    const auto loss = number(*object, "loss");
    auto step = whole(*object, "step");
    if (!step) step = whole(*object, "iter");
    if (loss && step) mmengine_.add(*step, {*loss});
  }

  void csv(std::string_view text) {
    std::vector<std::string_view> cells;
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find(',', begin), text.size());
      cells.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    if (cells.size() < 2) return;
    if (!as_number(cells[0])) return csv_header(cells);
    const size_t wanted = std::max(step_column_, loss_column_);
    if (cells.size() <= wanted) return;
    const auto step = as_number(cells[step_column_]), loss = as_number(cells[loss_column_]);
    if (step && loss && std::fabs(*step) < 9e15 && *step == std::floor(*step))
      csv_.add(static_cast<int64_t>(*step), {*loss});
  }

  void csv_header(const std::vector<std::string_view>& cells) {
    for (size_t i = 0; i < cells.size(); ++i) {
      std::string name;
      for (const char c : cells[i])
        if (!std::isspace(static_cast<unsigned char>(c)) && c != '"') name += static_cast<char>(std::tolower(c));
      if (name == "loss" || name == "train_loss" || name == "value") loss_column_ = i;
      if (name == "step" || name == "iter" || name == "iteration" || name == "epoch") {
        step_column_ = i;
        csv_epochs_ = name == "epoch";
      }
    }
  }

  Points mmengine_, iterations_, epochs_, videomae_, csv_;
  size_t step_column_ = 0, loss_column_ = 1;
  bool csv_epochs_ = false;
};

LossCurve own_curve(std::string_view text) {
  Points points;
  keep_metrics(
      text, std::numeric_limits<int64_t>::max(),
      [&](const StepRecord& record) {
        points.add(record.step, {record.loss, record.epoch});
      },
      [](const EvalRecord&) {});
  LossCurve curve;
  curve.format = "vhost";
  for (const auto& [step, point] : points.at) {
    curve.step.push_back(step);
    curve.loss.push_back(point.loss);
    curve.epoch.push_back(point.epoch);
  }
  return curve;
}

// The newest of a work-dir's runs: mmengine makes a folder by time for each start.
fs::path newest_scalars(const fs::path& folder) {
  fs::path newest;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const fs::path file = entry.path() / "vis_data" / "scalars.json";
    if (fs::is_regular_file(file, ignored) && (newest.empty() || file > newest)) newest = file;
  }
  return newest;
}

fs::path log_in(const fs::path& folder) {
  std::error_code ignored;
  for (const char* name : {"metrics.jsonl", "vis_data/scalars.json", "scalars.json", "stdout.log"})
    if (fs::is_regular_file(folder / name, ignored)) return folder / name;
  if (const fs::path newest = newest_scalars(folder); !newest.empty()) return newest;
  if (fs::is_regular_file(folder / "log.txt", ignored)) return folder / "log.txt";
  throw Error(folder.string() +
              ": is no run: it holds none of metrics.jsonl, vis_data/scalars.json, stdout.log and log.txt");
}

}  // namespace

LossCurve parse_loss_curve(std::string_view text, const std::string& name) {
  LossCurve curve;
  if (text.find("\"kind\":\"step\"") != text.npos) {
    curve = own_curve(text);
  } else {
    LogReader reader;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      reader.line(text.substr(begin, end - begin));
      begin = end + 1;
    }
    curve = reader.curve();
  }
  curve.name = name;
  if (curve.step.empty()) throw Error(name + ": holds no loss of training: " + std::string(kFormats));
  return curve;
}

LossCurve read_loss_curve(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) throw Error(path.string() + ": no such file or folder");
  const fs::path file = fs::is_directory(path, ignored) ? log_in(path) : path;
  LossCurve curve = parse_loss_curve(read_file(file), file.string());
  curve.name = path.string();
  return curve;
}

LossCurve per_epoch(const LossCurve& curve) {
  if (curve.by_epoch) return curve;
  if (curve.epoch.empty())
    throw Error(curve.name + ": can't be compared by epoch: it doesn't say which epoch a step is of");
  struct Sum {
    double loss = 0, steps = 0, end = 0;
  };
  std::map<int64_t, Sum> epochs;
  for (size_t i = 0; i < curve.step.size(); ++i) {
    const auto steps = static_cast<double>(curve.step[i] - (i ? curve.step[i - 1] : 0));
    Sum& sum = epochs[static_cast<int64_t>(std::ceil(curve.epoch[i] - 1e-6))];
    sum.loss += steps * curve.loss[i];
    sum.steps += steps;
    sum.end = curve.epoch[i];
  }
  LossCurve out;
  out.name = curve.name, out.format = curve.format, out.by_epoch = true;
  const int64_t last = epochs.rbegin()->first;
  for (const auto& [epoch, sum] : epochs) {
    if (epoch == last && sum.end < static_cast<double>(epoch) - 1e-6) continue;  // begun only
    out.step.push_back(epoch);
    out.loss.push_back(sum.loss / sum.steps);
  }
  if (out.step.empty()) throw Error(curve.name + ": can't be compared by epoch: it ended within its first");
  return out;
}

}  // namespace vhost::report
