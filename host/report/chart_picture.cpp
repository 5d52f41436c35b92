#include "report/chart_picture.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace vhost::report {
namespace {

using Color = std::array<uint8_t, 3>;

constexpr Color kPaper{255, 255, 255}, kInk{17, 24, 39}, kSoft{91, 100, 114}, kGrid{232, 235, 240}, kBad{220, 38, 38};
constexpr Color kCurve[6] = {{37, 99, 235},  {234, 88, 12},  {13, 148, 136},
                             {147, 51, 234}, {219, 39, 119}, {202, 138, 4}};

struct Point {
  double x, y;
};

class Drawing {
 public:
  explicit Drawing(const Chart& chart)
      : chart_(chart), x_(step_axis(chart)), y_(value_axis(chart)), picture_(chart.width, chart.height, kPaper) {
    int longest = 0;
    for (const std::string& label : y_.labels) longest = std::max(longest, text_width(with_unit(label), 1));
    left_ = 24 + longest;
    width_ = chart.width - left_ - 20;
    height_ = chart.height - kTop - 44;
  }

  Picture draw() {
    axes();
    for (const Curve& curve : chart_.curves) {
      if (curve.style == Curve::Style::kFaint) path(curve, 0.8, 0.32);
    }
    for (const Curve& curve : chart_.curves) {
      if (curve.style != Curve::Style::kFaint) path(curve, 2, 1);
      if (curve.style == Curve::Style::kDots) dots(curve);
    }
    for (const double at : chart_.not_finite_at) cross(px(at), kTop + 8);
    legend();
    return std::move(picture_);
  }

 private:
  static constexpr int kTop = 50;

  std::string with_unit(const std::string& label) const {
    return chart_.unit.empty() ? label : label + " " + chart_.unit;
  }
  double px(double value) const { return left_ + width_ * (value - x_.low) / (x_.high - x_.low); }
  double py(double value) const {
    const double share = y_.log ? std::log(std::max(value, 1e-300) / y_.low) / std::log(y_.high / y_.low)
                                : (value - y_.low) / (y_.high - y_.low);
    return kTop + height_ * (1 - std::clamp(share, -3.0, 4.0));
  }

  void blend(int x, int y, const Color& color, double share) {
    if (x < 0 || y < 0 || x >= picture_.width || y >= picture_.height) return;
    for (size_t c = 0; c < 3; ++c) {
      uint8_t& value = picture_.rgb[(static_cast<size_t>(y) * picture_.width + x) * 3 + c];
      value = static_cast<uint8_t>(std::lround(value + (color[c] - value) * share));
    }
  }

  // Every pixel by how much of it a pen of this width covers, about.
  void segment(Point a, Point b, double width, const Color& color, double opacity, double low = 0, double high = 1e9) {
    const double reach = width / 2 + 1, dx = b.x - a.x, dy = b.y - a.y, squared = dx * dx + dy * dy;
    const auto from_y = static_cast<int>(std::floor(std::max(low, std::min(a.y, b.y) - reach)));
    const auto to_y = static_cast<int>(std::ceil(std::min({high, std::max(a.y, b.y) + reach, 1.0 * picture_.height})));
    for (int y = from_y; y <= to_y; ++y) {
      for (int x = static_cast<int>(std::min(a.x, b.x) - reach); x <= std::max(a.x, b.x) + reach; ++x) {
        const double t = squared > 0 ? std::clamp(((x - a.x) * dx + (y - a.y) * dy) / squared, 0.0, 1.0) : 0;
        const double distance = std::hypot(x - a.x - t * dx, y - a.y - t * dy);
        const double cover = std::clamp(width / 2 + 0.5 - distance, 0.0, 1.0);
        if (cover > 0) blend(x, y, color, cover * opacity);
      }
    }
  }

  const Color& color_of(const Curve& curve) const { return kCurve[((curve.color % 6) + 6) % 6]; }

  void path(const Curve& curve, double width, double opacity) {
    for (size_t i = 0; i < curve.x.size(); ++i) {
      if (!std::isfinite(curve.y[i])) continue;
      const bool joined = i > 0 && std::isfinite(curve.y[i - 1]);
      const bool alone = !joined && (i + 1 == curve.x.size() || !std::isfinite(curve.y[i + 1]));
      const Point here{px(curve.x[i]), py(curve.y[i])};
      const Point before = joined ? Point{px(curve.x[i - 1]), py(curve.y[i - 1])} : here;
      if (joined || alone) segment(before, here, width, color_of(curve), opacity, kTop - 4, kTop + height_ + 4);
    }
  }

  void dots(const Curve& curve) {
    for (size_t i = 0; i < curve.x.size() && curve.x.size() <= 200; ++i) {
      const Point at{px(curve.x[i]), py(curve.y[i])};
      if (std::isfinite(curve.y[i])) segment(at, at, 6.4, color_of(curve), 1);
    }
  }

  void cross(double x, double y) {
    segment({x - 4, y - 4}, {x + 4, y + 4}, 1.8, kBad, 1);
    segment({x - 4, y + 4}, {x + 4, y - 4}, 1.8, kBad, 1);
  }

  void axes() {
    const double base = kTop + height_;
    draw_text(picture_, 20, 16, chart_.title + (y_.log ? " (log scale)" : ""), kInk, 2);
    for (size_t i = 0; i < y_.ticks.size(); ++i) {
      const double y = std::round(py(y_.ticks[i]));
      segment({left_, y}, {left_ + width_, y}, 1, kGrid, 1);
      const std::string label = with_unit(y_.labels[i]);
      draw_text(picture_, static_cast<int>(left_) - 9 - text_width(label, 1), static_cast<int>(y) - 3, label, kSoft, 1);
    }
    segment({left_, base}, {left_ + width_, base}, 1, kSoft, 1);
    for (size_t i = 0; i < x_.ticks.size(); ++i) {
      const double x = px(x_.ticks[i]);
      segment({x, base}, {x, base + 5}, 1, kSoft, 1);
      draw_text(picture_, static_cast<int>(x) - text_width(x_.labels[i], 1) / 2, static_cast<int>(base) + 11,
                x_.labels[i], kSoft, 1);
    }
    draw_text(picture_, chart_.width - 20 - text_width(chart_.x_name, 1), chart_.height - 14, chart_.x_name, kSoft, 1);
  }

  void legend() {
    int x = chart_.width - 20;
    for (size_t i = chart_.curves.size(); i-- > 0;) {
      const Curve& curve = chart_.curves[i];
      if (curve.style == Curve::Style::kFaint || curve.name.empty()) continue;
      x -= text_width(curve.name, 1);
      if (x < 60 + text_width(chart_.title + " (log scale)", 2)) break;
      draw_text(picture_, x, 20, curve.name, kInk, 1);
      segment({x - 24.0, 23}, {x - 8.0, 23}, 2.5, color_of(curve), 1);
      x -= 42;
    }
  }

  const Chart& chart_;
  Axis x_, y_;
  Picture picture_;
  double left_, width_, height_;
};

}  // namespace

Picture chart_picture(const Chart& chart) {
  return Drawing(chart).draw();
}

}  // namespace vhost::report
