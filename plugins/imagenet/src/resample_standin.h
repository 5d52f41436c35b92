// Stands in for vhost/media/resample.h until that lands.
#pragma once
#include <vhost/media/picture.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace vh::media {

enum class Filter { kNearest, kBilinear, kBicubic };
struct Box {
  double x, y, width, height;
};

namespace standin {
inline double weight(Filter filter, double x) {
  x = std::abs(x);
  if (filter == Filter::kBilinear) return x < 1 ? 1 - x : 0;
  constexpr double a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}
struct Taps {
  int64_t first;
  std::vector<double> weights;
};
inline std::vector<Taps> taps(Filter filter, int64_t in, double start, double length, int64_t out) {
  double scale = length / static_cast<double>(out), wide = std::max(scale, 1.0);
  double support = (filter == Filter::kBicubic ? 2 : 1) * wide;
  std::vector<Taps> all;
  for (int64_t i = 0; i < out; ++i) {
    double centre = start + (static_cast<double>(i) + 0.5) * scale;
    auto low = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0);
    auto high = std::min<int64_t>(static_cast<int64_t>(centre + support + 0.5), in);
    Taps t{low, {}};
    double sum = 0;
    for (int64_t x = low; x < high; ++x) {
      t.weights.push_back(weight(filter, (static_cast<double>(x) - centre + 0.5) / wide));
      sum += t.weights.back();
    }
    for (double& w : t.weights) w /= sum;
    all.push_back(std::move(t));
  }
  return all;
}
}  // namespace standin

inline void resample(const Picture& from, const Box& box, Filter filter, bool mirror, int64_t width, int64_t height,
                     uint8_t* out) {
  auto columns = standin::taps(filter, from.width, box.x, box.width, width);
  auto rows = standin::taps(filter, from.height, box.y, box.height, height);
  auto byte = [](double v) { return static_cast<uint8_t>(std::clamp(v + 0.5, 0.0, 255.0)); };
  std::vector<uint8_t> middle(static_cast<size_t>(from.height * width * 3));
  for (int64_t y = 0; y < from.height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < 3; ++c) {
        const auto& t = columns[static_cast<size_t>(x)];
        double sum = 0;
        for (size_t k = 0; k < t.weights.size(); ++k)
          sum += t.weights[k] *
                 from.rgb[static_cast<size_t>((y * from.width + t.first + static_cast<int64_t>(k)) * 3 + c)];
        middle[static_cast<size_t>((y * width + (mirror ? width - 1 - x : x)) * 3 + c)] = byte(sum);
      }
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width * 3; ++x) {
      const auto& t = rows[static_cast<size_t>(y)];
      double sum = 0;
      for (size_t k = 0; k < t.weights.size(); ++k)
        sum += t.weights[k] * middle[static_cast<size_t>((t.first + static_cast<int64_t>(k)) * width * 3 + x)];
      out[y * width * 3 + x] = byte(sum);
    }
}

}  // namespace vh::media
