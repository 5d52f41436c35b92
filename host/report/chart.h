// A line chart as SVG: readable ticks, log scale when the data span decades, light and dark, no fonts from elsewhere.
#pragma once
#include <string>
#include <vector>

namespace vhost::report {

struct Curve {
  enum class Style { kLine, kFaint, kDots };  // kFaint: the raw values behind a smoothed line
  std::string name;
  int color = 0;  // 0..5
  Style style = Style::kLine;
  std::vector<double> x, y;       // NaN in y = a gap
  std::vector<double> low, high;  // kFaint: if given, the envelope that is drawn in place of y
};

struct Chart {
  std::string id;  // file name without extension, element id
  std::string title;
  std::string unit;  // "%", ""
  std::string x_name = "step";
  std::vector<Curve> curves;
  std::vector<double> not_finite_at;  // marked by crosses at the top
  bool log_if_decades = false;
  bool from_zero = false;
  double upper_limit = 0;  // > 0: the axis never goes beyond, percentages
  int width = 960, height = 420;
};

// A whole document, with its own style and background.
std::string chart_svg(const Chart& chart);
// The <svg> element alone, for a page that holds chart_style() once.
std::string chart_element(const Chart& chart);
std::string chart_style();
// What the page's script needs for the readout: plot box, axes, points.
std::string chart_json(const Chart& chart);

struct Axis {
  double low = 0, high = 1;
  bool log = false;
  std::vector<double> ticks;
  std::vector<std::string> labels;
};
Axis value_axis(const Chart& chart);
Axis step_axis(const Chart& chart);

std::string escape_markup(const std::string& text);  // & < > " ', control characters and broken UTF-8 replaced

}  // namespace vhost::report
