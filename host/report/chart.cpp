#include "report/chart.h"

#include <algorithm>
#include <cmath>

#include "report/format.h"
#include "report/page.h"

namespace vhost::report {
namespace {

struct Plot {
  double left, top, width, height;
  Axis x, y;

  explicit Plot(const Chart& chart) : x(step_axis(chart)), y(value_axis(chart)) {
    size_t longest = 1;
    for (const std::string& label : y.labels) longest = std::max(longest, label.size());
    left = 22 + 7.2 * static_cast<double>(longest + chart.unit.size());
    top = 50;
    width = chart.width - left - 20;
    height = chart.height - top - 44;
  }
  double px(double value) const { return left + width * (value - x.low) / (x.high - x.low); }
  double py(double value) const {
    const double share = y.log ? std::log(std::max(value, 1e-300) / y.low) / std::log(y.high / y.low)
                               : (value - y.low) / (y.high - y.low);
    return top + height * (1 - std::clamp(share, -3.0, 4.0));
  }
};

std::string num(double value) {
  std::string text = format_fixed(value, 1);
  if (text.size() > 2 && text.compare(text.size() - 2, 2, ".0") == 0) text.resize(text.size() - 2);
  return text;
}

std::string text_element(double x, double y, const char* classes, const std::string& text) {
  return "<text x=\"" + num(x) + "\" y=\"" + num(y) + "\" class=\"" + classes + "\">" + escape_markup(text) + "</text>";
}

std::string line_element(double x1, double y1, double x2, double y2, const char* classes) {
  return "<line x1=\"" + num(x1) + "\" y1=\"" + num(y1) + "\" x2=\"" + num(x2) + "\" y2=\"" + num(y2) + "\" class=\"" +
         classes + "\"/>";
}

std::string color_class(const Curve& curve) {
  return "c" + std::to_string(((curve.color % 6) + 6) % 6);
}

std::string line_path(const Plot& plot, const std::vector<double>& x, const std::vector<double>& y) {
  std::string d;
  bool open = false;
  for (size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(y[i])) {
      open = false;
      continue;
    }
    d += (open ? "L" : "M") + num(plot.px(x[i])) + " " + num(plot.py(y[i]));
    const bool alone = !open && (i + 1 == x.size() || !std::isfinite(y[i + 1]));
    if (alone) d += "h0";  // round caps make it a dot
    open = true;
  }
  return d;
}

std::string envelope_path(const Plot& plot, const Curve& curve) {
  std::string d;
  for (size_t begin = 0; begin < curve.x.size();) {
    if (!std::isfinite(curve.low[begin])) {
      ++begin;
      continue;
    }
    size_t end = begin;
    while (end < curve.x.size() && std::isfinite(curve.low[end])) ++end;
    for (size_t i = begin; i < end; ++i)
      d += (i == begin ? "M" : "L") + num(plot.px(curve.x[i])) + " " + num(plot.py(curve.high[i]));
    for (size_t i = end; i-- > begin;) d += "L" + num(plot.px(curve.x[i])) + " " + num(plot.py(curve.low[i]));
    d += "Z";
    begin = end;
  }
  return d;
}

std::string curve_element(const Plot& plot, const Curve& curve) {
  const std::string color = color_class(curve);
  if (curve.style == Curve::Style::kFaint && !curve.low.empty())
    return "<path class=\"band " + color + "\" d=\"" + envelope_path(plot, curve) + "\"/>\n";
  const char* style = curve.style == Curve::Style::kFaint ? "raw" : "line";
  std::string out =
      std::string("<path class=\"") + style + " " + color + "\" d=\"" + line_path(plot, curve.x, curve.y) + "\"/>\n";
  if (curve.style != Curve::Style::kDots || curve.x.size() > 200) return out;
  out += "<g class=\"dot " + color + "\">";
  for (size_t i = 0; i < curve.x.size(); ++i) {
    if (!std::isfinite(curve.y[i])) continue;
    out += "<circle cx=\"" + num(plot.px(curve.x[i])) + "\" cy=\"" + num(plot.py(curve.y[i])) + "\" r=\"3.2\"/>";
  }
  return out + "</g>\n";
}

std::string axes(const Chart& chart, const Plot& plot) {
  std::string out;
  for (size_t i = 0; i < plot.y.ticks.size(); ++i) {
    const double y = plot.py(plot.y.ticks[i]);
    out += line_element(plot.left, y, plot.left + plot.width, y, "grid");
    out += text_element(plot.left - 9, y + 4, "tick end",
                        plot.y.labels[i] + (chart.unit.empty() ? "" : " " + chart.unit)) +
           "\n";
  }
  const double base = plot.top + plot.height;
  out += line_element(plot.left, base, plot.left + plot.width, base, "axis") + "\n";
  for (size_t i = 0; i < plot.x.ticks.size(); ++i) {
    const double x = plot.px(plot.x.ticks[i]);
    out += line_element(x, base, x, base + 5, "axis");
    out += text_element(x, base + 20, "tick mid", plot.x.labels[i]) + "\n";
  }
  return out + text_element(plot.left + plot.width, base + 37, "tick end", chart.x_name) + "\n";
}

// Only where there is something to tell apart; raw values belong to the smoothed line of their colour.
std::string legend(const Chart& chart) {
  std::vector<const Curve*> named;
  for (const Curve& curve : chart.curves)
    if (curve.style != Curve::Style::kFaint && !curve.name.empty()) named.push_back(&curve);
  if (named.size() < 2) return "";
  std::string out;
  double x = chart.width - 20;
  for (size_t i = named.size(); i-- > 0;) {
    const Curve& curve = *named[i];
    const int columns = text_columns(curve.name);
    x -= 6.9 * columns;
    if (x < 60 + 8.5 * text_columns(chart.title)) break;  // no room left beside the title
    const std::string color = color_class(curve);
    out += text_element(x, 28, "name", curve.name);
    out += line_element(x - 24, 24, x - 8, 24, ("swatch " + color).c_str());
    if (curve.style == Curve::Style::kDots)
      out += "<g class=\"dot " + color + "\"><circle cx=\"" + num(x - 16) + "\" cy=\"24\" r=\"3.2\"/></g>";
    out += "\n";
    x -= 42;
  }
  return out;
}

std::string crosses(const Chart& chart, const Plot& plot) {
  if (chart.not_finite_at.empty()) return "";
  std::string d;
  for (const double at : chart.not_finite_at) {
    const double x = plot.px(at), y = plot.top + 8;
    d += "M" + num(x - 4) + " " + num(y - 4) + "l8 8m0 -8l-8 8";
  }
  return "<path class=\"bad\" d=\"" + d + "\"><title>not a finite number</title></path>\n";
}

bool has_points(const Chart& chart) {
  for (const Curve& curve : chart.curves)
    for (const double value : curve.y)
      if (std::isfinite(value)) return true;
  return false;
}

std::string svg_body(const Chart& chart) {
  const Plot plot(chart);
  const std::string clip = "clip-" + chart.id;
  std::string out = text_element(20, 29, "title", chart.title + (plot.y.log ? " (log scale)" : "")) + "\n";
  out += legend(chart) + axes(chart, plot);
  out += "<clipPath id=\"" + clip + "\"><rect x=\"" + num(plot.left - 4) + "\" y=\"" + num(plot.top - 4) +
         "\" width=\"" + num(plot.width + 8) + "\" height=\"" + num(plot.height + 8) +
         "\"/></clipPath>\n<g clip-path=\"url(#" + clip + ")\">\n";
  for (const Curve& curve : chart.curves) out += curve_element(plot, curve);
  out += "</g>\n" + crosses(chart, plot);
  if (!has_points(chart))
    out += text_element(plot.left + plot.width / 2, plot.top + plot.height / 2, "tick mid", "no data yet") + "\n";
  return out;
}

std::string svg_open(const Chart& chart, const char* extra) {
  const std::string size = std::to_string(chart.width) + " " + std::to_string(chart.height);
  return std::string("<svg") + extra + " viewBox=\"0 0 " + size + "\" role=\"img\" aria-label=\"" +
         escape_markup(chart.title) + "\"";
}

std::string json_numbers(const std::vector<double>& values, int digits) {
  std::string out = "[";
  for (size_t i = 0; i < values.size(); ++i) {
    if (i) out += ',';
    out +=
        std::isfinite(values[i]) ? digits == 0 ? format_fixed(values[i], 0) : format_number(values[i], digits) : "null";
  }
  return out + "]";
}

}  // namespace

std::string chart_style() {
  return std::string(kChartStyle);
}

std::string chart_element(const Chart& chart) {
  return svg_open(chart, " class=\"chart\"") + ">\n" + svg_body(chart) + "</svg>\n";
}

std::string chart_svg(const Chart& chart) {
  const std::string size =
      " width=\"" + std::to_string(chart.width) + "\" height=\"" + std::to_string(chart.height) + "\"";
  return svg_open(chart, " xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\"") + size + ">\n<style>" +
         chart_style() + "</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n" + svg_body(chart) +
         "</svg>\n";
}

std::string chart_json(const Chart& chart) {
  const Plot plot(chart);
  std::string out = "{\"box\":[" + num(plot.left) + "," + num(plot.top) + "," + num(plot.width) + "," +
                    num(plot.height) + "],\"x\":[" + format_exact(plot.x.low) + "," + format_exact(plot.x.high) +
                    "],\"y\":[" + format_exact(plot.y.low) + "," + format_exact(plot.y.high) +
                    "],\"log\":" + (plot.y.log ? "true" : "false") + ",\"unit\":\"" + chart.unit + "\",\"x_name\":\"" +
                    chart.x_name + "\",\"curves\":[";
  bool first = true;
  for (const Curve& curve : chart.curves) {
    if (!first) out += ",";
    first = false;
    std::string name = json::serialize(json::string_view(curve.name));
    for (size_t at = 0; (at = name.find('<', at)) != name.npos;) name.replace(at, 1, "\\u003c");
    out += "{\"name\":" + name + ",\"color\":\"" + color_class(curve) + "\",\"x\":" + json_numbers(curve.x, 0) +
           ",\"y\":" + json_numbers(curve.y, 5) + "}";
  }
  return out + "]}";
}

std::string escape_markup(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const size_t length = byte < 0x80                   ? 1
                          : byte >= 0xC2 && byte < 0xE0 ? 2
                          : (byte & 0xF0) == 0xE0       ? 3
                          : byte >= 0xF0 && byte < 0xF5 ? 4
                                                        : 0;
    bool whole = length > 0 && i + length <= text.size();
    for (size_t k = 1; whole && k < length; ++k) whole = (static_cast<unsigned char>(text[i + k]) & 0xC0) == 0x80;
    if (!whole || (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) {
      out += "\xEF\xBF\xBD";  // the replacement character
      ++i;
      continue;
    }
    switch (byte) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.append(text, i, length);
    }
    i += length;
  }
  return out;
}

}  // namespace vhost::report
