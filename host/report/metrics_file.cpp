#include "report/metrics_file.h"

#include <cmath>
#include <limits>
#include <optional>

#include "report/format.h"

namespace vhost::report {
namespace {

class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) : out_(out) { out_ += '{'; }
  void close() { out_ += '}'; }

  void key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    text(name);
    out_ += ':';
  }
  void put(std::string_view name, double value) {
    key(name);
    if (std::isfinite(value)) {
      out_ += format_exact(value);
    } else {
      text(format_exact(value));
    }
  }
  void put(std::string_view name, int64_t value) {
    key(name);
    out_ += std::to_string(value);
  }
  void put(std::string_view name, std::string_view value) {
    key(name);
    text(value);
  }

 private:
  void text(std::string_view value) {
    for (const char c : value) {
      if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') {
        out_ += json::serialize(json::string_view(value.data(), value.size()));
        return;
      }
    }
    out_ += '"';
    out_ += value;
    out_ += '"';
  }

  std::string& out_;
  bool first_ = true;
};

bool is_time(const std::string& name) {
  return name.compare(0, 5, "time.") == 0;
}

double number(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  if (!value) return std::numeric_limits<double>::quiet_NaN();
  if (value->is_string()) {
    const json::string& text = value->get_string();
    if (text == "inf") return std::numeric_limits<double>::infinity();
    if (text == "-inf") return -std::numeric_limits<double>::infinity();
    return std::numeric_limits<double>::quiet_NaN();
  }
  return value->is_number() ? value->to_number<double>() : std::numeric_limits<double>::quiet_NaN();
}

int64_t integer(const json::object& object, const char* key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_int64() ? value->get_int64() : 0;
}

std::map<std::string, double> numbers(const json::object& object, const char* key) {
  std::map<std::string, double> out;
  const json::value* value = object.if_contains(key);
  if (!value || !value->is_object()) return out;
  for (const auto& entry : value->get_object()) {
    const std::string name(entry.key());
    out[name] = number(value->get_object(), name.c_str());
  }
  return out;
}

StepRecord step_record(const json::object& object) {
  StepRecord r;
  r.step = integer(object, "step");
  r.epoch = number(object, "epoch");
  r.loss = number(object, "loss");
  r.lr = number(object, "lr");
  r.scalars = numbers(object, "scalars");
  for (const auto& [name, value] : numbers(object, "time")) {
    if (name == "samples_per_second")
      r.samples_per_second = value;
    else if (name == "data_wait")
      r.data_wait = value;
    else if (name == "eta_seconds")
      r.eta_seconds = value;
    else
      r.scalars[name] = value;
  }
  return r;
}

EvalRecord eval_record(const json::object& object) {
  EvalRecord r;
  r.step = integer(object, "step");
  r.epoch = number(object, "epoch");
  if (const json::value* split = object.if_contains("split"); split && split->is_string())
    r.split = std::string(split->get_string());
  r.samples = integer(object, "samples");
  r.metrics = numbers(object, "metrics");
  const auto time = numbers(object, "time");
  if (const auto seconds = time.find("seconds"); seconds != time.end()) r.seconds = seconds->second;
  return r;
}

std::optional<json::object> parse_record(std::string_view line) {
  boost::system::error_code failed;
  json::value value = json::parse(json::string_view(line.data(), line.size()), failed);
  if (failed || !value.is_object()) return std::nullopt;
  const json::object& object = value.get_object();
  const json::value* kind = object.if_contains("kind");
  const json::value* step = object.if_contains("step");
  if (!kind || !kind->is_string() || !step || !step->is_int64()) return std::nullopt;
  return object;
}

}  // namespace

std::string metrics_line(const StepRecord& r) {
  std::string line;
  line.reserve(320);
  ObjectWriter object(line);
  object.put("kind", std::string_view("step"));
  object.put("step", r.step);
  object.put("epoch", r.epoch);
  object.put("loss", r.loss);
  object.put("lr", r.lr);
  object.key("scalars");
  ObjectWriter scalars(line);
  for (const auto& [name, value] : r.scalars)
    if (!is_time(name)) scalars.put(name, value);
  scalars.close();
  object.key("time");
  ObjectWriter time(line);
  time.put("samples_per_second", r.samples_per_second);
  time.put("data_wait", r.data_wait);
  time.put("eta_seconds", r.eta_seconds);
  for (const auto& [name, value] : r.scalars)
    if (is_time(name)) time.put(name, value);
  time.close();
  object.close();
  return line += '\n';
}

std::string metrics_line(const EvalRecord& r) {
  std::string line;
  ObjectWriter object(line);
  object.put("kind", std::string_view("eval"));
  object.put("step", r.step);
  object.put("epoch", r.epoch);
  object.put("split", std::string_view(r.split));
  object.put("samples", r.samples);
  object.key("metrics");
  ObjectWriter metrics(line);
  for (const auto& [name, value] : r.metrics) metrics.put(name, value);
  metrics.close();
  object.key("time");
  ObjectWriter time(line);
  time.put("seconds", r.seconds);
  time.close();
  object.close();
  return line += '\n';
}

KeptMetrics keep_metrics(std::string_view text, int64_t resume_step,
                         const std::function<void(const StepRecord&)>& on_step,
                         const std::function<void(const EvalRecord&)>& on_eval) {
  KeptMetrics kept;
  kept.text.reserve(text.size());
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (end == text.npos) break;  // torn
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    const std::optional<json::object> object = parse_record(line);
    if (!object) {
      ++kept.unreadable;
    } else if (integer(*object, "step") > resume_step) {
      ++kept.dropped_later;
    } else {
      kept.text.append(line) += '\n';
      if (object->at("kind") == "step") on_step(step_record(*object));
      if (object->at("kind") == "eval") on_eval(eval_record(*object));
    }
  }
  return kept;
}

}  // namespace vhost::report
