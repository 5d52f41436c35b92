#include "report/glyphs.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace vhost {
namespace {

constexpr std::array<uint8_t, 3> kAbsent{92, 92, 92};
constexpr float kDimGround = 44, kDimLines = 0.55f;

void put(Picture& out, int x, int y, const std::array<uint8_t, 3>& color) {
  std::copy(color.begin(), color.end(), &out.rgb[(static_cast<size_t>(y) * out.width + x) * 3]);
}

// Coverage of each pixel of a cell by the line of each bin, [bins][side][side].
std::vector<float> line_stencils(int bins, int side) {
  const double centre = (side - 1) / 2.0, reach = side / 2.0 - 0.5, half_width = std::max(0.5, side / 24.0);
  std::vector<float> out;
  for (int bin = 0; bin < bins; ++bin) {
    const double angle = (bin + 0.5) * M_PI / bins, along_x = std::cos(angle), along_y = -std::sin(angle);
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x) {
        const double dx = x - centre, dy = y - centre;
        const double across = std::abs(dx * along_y - dy * along_x), along = std::abs(dx * along_x + dy * along_y);
        const double cover =
            std::clamp(half_width + 0.5 - across, 0.0, 1.0) * std::clamp(reach + 0.5 - along, 0.0, 1.0);
        out.push_back(static_cast<float>(cover));
      }
  }
  return out;
}

void draw_cell(Picture& out, const std::vector<float>& stencils, const float* weights, int bins, int side, int x0,
               int y0, bool dimmed) {
  for (int i = 0; i < side * side; ++i) {
    float light = 0;
    for (int bin = 0; bin < bins; ++bin)
      light = std::max(light, weights[bin] * stencils[static_cast<size_t>(bin) * side * side + i]);
    light = std::min(light, 1.0f);
    const float ground = dimmed ? kDimGround : 0;
    const float value = ground + (255 - ground) * light * (dimmed ? kDimLines : 1.0f);
    const auto level = static_cast<uint8_t>(std::lround(value));
    put(out, x0 + i % side, y0 + i / side, {level, level, level});
  }
}

std::array<uint8_t, 3> heat(float share) {
  const auto ramp = [&](float begin) {
    return static_cast<uint8_t>(std::lround(255 * std::clamp((share - begin) * 3, 0.0f, 1.0f)));
  };
  return {ramp(0), ramp(1.0f / 3), ramp(2.0f / 3)};
}

}  // namespace

Picture orientation_glyphs(const OrientationMap& map, int cell_pixels) {
  const size_t cells = static_cast<size_t>(std::max(0, map.rows)) * static_cast<size_t>(std::max(0, map.columns));
  if (cells == 0 || map.bins < 1 || cell_pixels < 1 || map.weights.size() != cells * static_cast<size_t>(map.bins) ||
      (!map.shades.empty() && map.shades.size() != cells))
    throw Error("a map of " + std::to_string(map.rows) + " x " + std::to_string(map.columns) + " cells with " +
                std::to_string(map.bins) + " bins has " + std::to_string(map.weights.size()) + " weights and " +
                std::to_string(map.shades.size()) + " shades");
  const std::vector<float> stencils = line_stencils(map.bins, cell_pixels);
  Picture out(map.columns * cell_pixels, map.rows * cell_pixels, kAbsent);
  for (size_t cell = 0; cell < cells; ++cell) {
    const Shade shade = map.shades.empty() ? Shade::plain : map.shades[cell];
    if (shade == Shade::absent) continue;
    const int x = static_cast<int>(cell) % map.columns, y = static_cast<int>(cell) / map.columns;
    draw_cell(out, stencils, &map.weights[cell * static_cast<size_t>(map.bins)], map.bins, cell_pixels, x * cell_pixels,
              y * cell_pixels, shade == Shade::dimmed);
  }
  return out;
}

Picture heat_map(const std::vector<float>& values, int rows, int columns, int cell_pixels, float low, float high) {
  if (rows < 1 || columns < 1 || cell_pixels < 1 ||
      values.size() != static_cast<size_t>(rows) * static_cast<size_t>(columns))
    throw Error("a heat map of " + std::to_string(rows) + " x " + std::to_string(columns) + " has " +
                std::to_string(values.size()) + " values");
  Picture out(columns * cell_pixels, rows * cell_pixels, kAbsent);
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x) {
      const float value = values[static_cast<size_t>(y / cell_pixels) * columns + x / cell_pixels];
      if (std::isfinite(value)) put(out, x, y, heat(high > low ? (value - low) / (high - low) : 0));
    }
  return out;
}

}  // namespace vhost
