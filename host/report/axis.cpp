#include <algorithm>
#include <cmath>
#include <limits>

#include "report/chart.h"
#include "report/format.h"

namespace vhost::report {
namespace {

constexpr double kLogFromRatio = 50;

double nice_step(double span, int about) {
  const double rough = span / about, power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 2.5, 5.0})
    if (rough <= factor * power * (1 + 1e-9)) return factor * power;
  return 10 * power;
}

// "20k", "1.5M", "1.5e-4", with the decimals that the distance of the ticks needs.
std::string tick_label(double value, double step, double largest) {
  if (value == 0) return "0";
  if (largest < 1e-2) return format_lr(value);
  for (const auto& [scale, suffix] : {std::pair(1e9, "G"), std::pair(1e6, "M"), std::pair(1e3, "k")}) {
    if (largest < scale * (scale > 1e3 ? 1 : 10)) continue;
    const double fine = step / scale;
    const int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(fine) - 1e-9)), 0, 6);
    const int extra = std::fabs(fine * std::pow(10, decimals) - std::round(fine * std::pow(10, decimals))) > 1e-6;
    return format_fixed(value / scale, decimals + extra) + suffix;
  }
  int decimals = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 12);
  const double shifted = step * std::pow(10, decimals);
  if (std::fabs(shifted - std::round(shifted)) > 1e-6) ++decimals;
  return format_fixed(value, decimals);
}

void linear_ticks(Axis& axis, int about) {
  const double step = nice_step(axis.high - axis.low, about);
  const double largest = std::max(std::fabs(axis.low), std::fabs(axis.high));
  for (double k = std::ceil(axis.low / step - 1e-9); k * step <= axis.high + step * 1e-9; ++k) {
    const double value = k == 0 ? 0 : k * step;
    axis.ticks.push_back(value);
    axis.labels.push_back(tick_label(value, step, largest));
  }
}

std::string log_label(double value) {
  if (value >= 1e-3 && value < 1e4) {
    std::string text = format_exact(std::round(value * 1e6) / 1e6);
    if (text.find('e') == text.npos) return text;
  }
  return format_lr(value);
}

void log_ticks(Axis& axis) {
  const double decades = std::log10(axis.high / axis.low);
  const int every = std::max(1, static_cast<int>(std::ceil(decades / 7)));
  const int first = static_cast<int>(std::floor(std::log10(axis.low))),
            last = static_cast<int>(std::ceil(std::log10(axis.high)));
  for (int exponent = first; exponent <= last; ++exponent) {
    if ((exponent - first) % every != 0) continue;
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (factor > 1 && decades > 3.2) continue;
      const double value = factor * std::pow(10.0, exponent);
      if (value < axis.low * (1 - 1e-9) || value > axis.high * (1 + 1e-9)) continue;
      axis.ticks.push_back(value);
      axis.labels.push_back(log_label(value));
    }
  }
}

double quantile(std::vector<double> values, double q) {
  const auto at = values.begin() + static_cast<ptrdiff_t>(std::lround(q * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

struct Extent {
  double low = std::numeric_limits<double>::infinity(), high = -low, smallest_positive = low;
  bool any() const { return low <= high; }
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
    if (value > 0) smallest_positive = std::min(smallest_positive, value);
  }
};

// Lines and dots count whole; the raw values behind a smoothed line only by their middle 98 %, lest one spike squash
// the rest.
Extent value_extent(const Chart& chart) {
  Extent extent;
  for (const Curve& curve : chart.curves) {
    if (curve.style != Curve::Style::kFaint) {
      for (const double value : curve.y) extent.add(value);
      continue;
    }
    for (const auto& values : {curve.low.empty() ? curve.y : curve.low, curve.high.empty() ? curve.y : curve.high}) {
      std::vector<double> finite;
      std::copy_if(values.begin(), values.end(), std::back_inserter(finite), [](double v) { return std::isfinite(v); });
      if (finite.empty()) continue;
      extent.add(quantile(finite, 0.01));
      extent.add(quantile(finite, 0.99));
    }
  }
  return extent;
}

}  // namespace

Axis value_axis(const Chart& chart) {
  Axis axis;
  const Extent extent = value_extent(chart);
  if (!extent.any()) {
    linear_ticks(axis, 4);
    return axis;
  }
  axis.log = chart.log_if_decades && extent.low > 1e-290 && extent.high >= kLogFromRatio * extent.low;
  if (axis.log) {
    const double pad = std::pow(extent.high / extent.low, 0.04);
    axis.low = extent.low / pad;
    axis.high = extent.high * pad;
    log_ticks(axis);
    return axis;
  }
  axis.low = chart.from_zero ? std::min(0.0, extent.low) : extent.low;
  axis.high = extent.high;
  double span = axis.high - axis.low;
  if (!(span > 1e-12 * std::max(std::fabs(axis.high), std::fabs(axis.low))))
    span = axis.high == 0 ? 1 : std::fabs(axis.high) * 0.2;
  if (axis.low != 0 || !chart.from_zero)
    axis.low = extent.low >= 0 ? std::max(0.0, axis.low - 0.06 * span) : axis.low - 0.06 * span;
  axis.high += 0.06 * span;
  if (chart.upper_limit > 0) axis.high = std::min(axis.high, chart.upper_limit);
  if (!(axis.high > axis.low)) axis.high = axis.low + 1;
  linear_ticks(axis, 5);
  return axis;
}

Axis step_axis(const Chart& chart) {
  Axis axis;
  Extent extent;
  for (const Curve& curve : chart.curves)
    for (const double value : curve.x) extent.add(value);
  for (const double value : chart.not_finite_at) extent.add(value);
  if (extent.any()) {
    axis.low = extent.low >= 0 && extent.low <= 0.15 * extent.high ? 0 : extent.low;
    axis.high = extent.high;
    if (!(axis.high > axis.low)) axis.low = std::max(0.0, axis.low - 1), axis.high += 1;
  }
  linear_ticks(axis, chart.width > 700 ? 8 : 5);
  if (std::any_of(axis.ticks.begin(), axis.ticks.end(), [](double v) { return v != std::round(v); })) {
    std::vector<double> ticks;  // steps are whole
    std::vector<std::string> labels;
    for (size_t i = 0; i < axis.ticks.size(); ++i) {
      if (axis.ticks[i] != std::round(axis.ticks[i])) continue;
      ticks.push_back(axis.ticks[i]);
      labels.push_back(format_fixed(axis.ticks[i], 0));
    }
    axis.ticks = ticks;
    axis.labels = labels;
  }
  return axis;
}

}  // namespace vhost::report
