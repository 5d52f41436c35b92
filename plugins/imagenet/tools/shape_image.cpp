#include "shape_image.h"

#include <vhost/random.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace imagenet {
namespace {

// Signed distances, negative inside, of shapes that fill about the unit disc.
double box(double x, double y, double half_width, double half_height) {
  return std::max(std::abs(x) - half_width, std::abs(y) - half_height);
}
double polygon(double x, double y, int corners) {
  double step = 2 * std::numbers::pi / corners, angle = std::atan2(x, -y) + std::numbers::pi;
  double part = std::fmod(angle, step) - step / 2;
  return std::hypot(x, y) * std::cos(part) - std::cos(step / 2);
}
double star(double x, double y) {
  constexpr double kInner = 0.45;  // where the notches are; the tips lie on the unit circle
  double step = 2 * std::numbers::pi / 5;
  double part = std::abs(std::fmod(std::atan2(x, -y) + std::numbers::pi, step) - step / 2);
  double radius = std::hypot(x, y), px = radius * std::cos(part), py = radius * std::sin(part);
  double ex = std::cos(step / 2) - kInner, ey = std::sin(step / 2);
  return ((px - kInner) * ey - py * ex) / std::hypot(ex, ey);
}
double stripes(double x, double y) {
  return std::max(std::abs(std::fmod(x + 4, 0.5) - 0.25) - 0.125, box(x, y, 0.85, 0.85));
}
double checks(double x, double y) {
  double cell = std::sin(x * 2 * std::numbers::pi / 0.85) * std::sin(y * 2 * std::numbers::pi / 0.85);
  return std::max(-cell * 0.13, box(x, y, 0.85, 0.85));
}

using Distance = double (*)(double, double);
struct Shape {
  const char* name;
  Distance distance;
};
constexpr std::array<Shape, 8> kShapes = {{
    {"circle", [](double x, double y) { return std::hypot(x, y) - 0.9; }},
    {"ring", [](double x, double y) { return std::abs(std::hypot(x, y) - 0.7) - 0.2; }},
    {"square", [](double x, double y) { return box(x, y, 0.75, 0.75); }},
    {"triangle", [](double x, double y) { return polygon(x, y, 3); }},
    {"cross", [](double x, double y) { return std::min(box(x, y, 0.9, 0.28), box(x, y, 0.28, 0.9)); }},
    {"star", star},
    {"stripes", stripes},
    {"checks", checks},
}};

Distance distance_of(const std::string& name) {
  for (const Shape& shape : kShapes)
    if (name == shape.name) return shape.distance;
  throw std::invalid_argument("there is no shape '" + name + "'");
}

using Colour = std::array<double, 3>;
Colour draw_colour(vh_random& random) {
  return {vh_random_unit(&random), vh_random_unit(&random), vh_random_unit(&random)};
}
double contrast(const Colour& a, const Colour& b) {
  return std::abs(a[0] - b[0]) + std::abs(a[1] - b[1]) + std::abs(a[2] - b[2]);
}

// Values of a coarse grid, interpolated.
class Noise {
 public:
  explicit Noise(vh_random& random) {
    for (double& v : values_) v = vh_random_uniform(&random, -1, 1);
  }
  // x and y from 0 to 1.
  double at(double x, double y) const {
    double gx = x * (kCells - 1), gy = y * (kCells - 1);
    int i = std::min(static_cast<int>(gx), kCells - 2), j = std::min(static_cast<int>(gy), kCells - 2);
    double fx = gx - i, fy = gy - j;
    return (value(i, j) * (1 - fx) + value(i + 1, j) * fx) * (1 - fy) +
           (value(i, j + 1) * (1 - fx) + value(i + 1, j + 1) * fx) * fy;
  }

 private:
  static constexpr int kCells = 9;
  double value(int i, int j) const { return values_[static_cast<size_t>(j * kCells + i)]; }
  std::array<double, kCells * kCells> values_;
};

}  // namespace

const std::vector<std::string>& shape_classes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Shape& shape : kShapes) all.push_back(shape.name);
    return all;
  }();
  return names;
}

Picture shape_image(int64_t size, const std::string& shape, uint64_t seed) {
  Distance distance = distance_of(shape);
  vh_random random = vh_random_from(seed);
  Colour ground = draw_colour(random), figure;
  do figure = draw_colour(random);
  while (contrast(ground, figure) < 0.8);
  double radius = vh_random_uniform(&random, 0.22, 0.42), angle = vh_random_uniform(&random, 0, 2 * std::numbers::pi);
  double cx = vh_random_uniform(&random, radius, 1 - radius), cy = vh_random_uniform(&random, radius, 1 - radius);
  double noise = vh_random_uniform(&random, 0.05, 0.25), c = std::cos(angle), s = std::sin(angle);
  std::array<Noise, 3> noises = {Noise(random), Noise(random), Noise(random)};
  Picture out;
  out.width = out.height = size;
  double pixel = 1 / static_cast<double>(size);
  for (int64_t j = 0; j < size; ++j)
    for (int64_t i = 0; i < size; ++i) {
      double x = (static_cast<double>(i) + 0.5) * pixel, y = (static_cast<double>(j) + 0.5) * pixel;
      double u = ((x - cx) * c + (y - cy) * s) / radius, v = ((y - cy) * c - (x - cx) * s) / radius;
      double cover = std::clamp(0.5 - distance(u, v) * radius / pixel, 0.0, 1.0);
      for (size_t k = 0; k < 3; ++k) {
        double value = ground[k] + (figure[k] - ground[k]) * cover + noise * noises[k].at(x, y);
        out.rgb.push_back(static_cast<uint8_t>(std::clamp(value * 255 + 0.5, 0.0, 255.0)));
      }
    }
  return out;
}

}  // namespace imagenet
