#include "report/format.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace vhost::report {
namespace {

std::string not_finite(double value) {
  return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

std::string chars(double value, std::chars_format format, int precision) {
  char buffer[400];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, format, precision).ptr;
  return std::string(buffer, end);
}

void trim_zeros(std::string& text) {
  if (text.find('.') == std::string::npos) return;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
}

// "1.234e-05" -> "1.234e-5"
std::string scientific(double value, int digits, bool trim) {
  std::string text = chars(value, std::chars_format::scientific, digits - 1);
  const size_t e = text.find('e');
  std::string mantissa = text.substr(0, e);
  if (trim) trim_zeros(mantissa);
  const int exponent = std::stoi(text.substr(e + 1));
  return mantissa + "e" + std::to_string(exponent);
}

std::string two(int64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

std::string format_number(double value, int digits) {
  if (!std::isfinite(value)) return not_finite(value);
  if (value == 0) return "0";
  const double magnitude = std::fabs(value);
  if (magnitude < 1e-3 || magnitude >= 1e6) return scientific(value, digits, /*trim=*/false);
  const int whole = static_cast<int>(std::floor(std::log10(magnitude))) + 1;  // digits before the point; <= 0 below 1
  return chars(value, std::chars_format::fixed, std::max(0, digits - std::max(whole, 0) + (whole < 0 ? -whole : 0)));
}

std::string format_lr(double value) {
  if (!std::isfinite(value)) return not_finite(value);
  if (value == 0) return "0";
  if (std::fabs(value) < 1e-2 || std::fabs(value) >= 1e6) return scientific(value, 4, /*trim=*/true);
  std::string text = format_number(value, 4);
  trim_zeros(text);
  return text;
}

std::string format_exact(double value) {
  if (!std::isfinite(value)) return not_finite(value);
  char buffer[64];
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

std::string format_fixed(double value, int decimals) {
  if (!std::isfinite(value)) return not_finite(value);
  return chars(value, std::chars_format::fixed, decimals);
}

std::string format_rate(double per_second) {
  if (!(per_second >= 0) || !std::isfinite(per_second)) return "?";
  if (per_second == 0) return "0";
  return per_second >= 100 ? format_fixed(per_second, 0) : format_number(per_second, 3);
}

std::string format_percent(double percent) {
  return std::isfinite(percent) ? format_fixed(percent, 2) + " %" : not_finite(percent);
}

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e11) return "?";
  if (seconds > 0 && seconds < 0.9995) return std::to_string(std::lround(seconds * 1000)) + " ms";
  if (seconds > 0 && seconds < 9.95) return format_fixed(seconds, 1) + " s";
  const int64_t whole = std::llround(seconds);
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + two(whole % 60) + " s";
  const int64_t minutes = whole / 60;
  if (minutes < 24 * 60) return std::to_string(minutes / 60) + " h " + two(minutes % 60) + " min";
  const int64_t hours = minutes / 60;
  return std::to_string(hours / 24) + " d " + two(hours % 24) + " h";
}

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts));
}

bool is_percentage(const std::string& metric) {
  if (metric.starts_with("loss")) return false;
  const std::string leaf = metric.substr(metric.rfind('.') + 1);
  const bool top_k = leaf.size() > 3 && leaf.compare(0, 3, "top") == 0 && leaf[3] >= '0' && leaf[3] <= '9';
  return top_k || leaf == "accuracy" || leaf == "acc" || leaf == "mean_class_accuracy" || leaf == "f1_macro" ||
         leaf == "f1_micro";
}

bool higher_is_better(const std::string& metric) {
  if (metric.starts_with("loss")) return false;  // also of a head that is named "acc"
  return is_percentage(metric) || contains(metric, "acc") || contains(metric, "f1") || contains(metric, "F1") ||
         contains(metric, "mAP") || contains(metric, "iou") || contains(metric, "psnr");
}

std::string format_metric(const std::string& name, double value) {
  return is_percentage(name) ? format_percent(value) : format_number(value);
}

}  // namespace vhost::report
