#include "taps.h"

#include <algorithm>
#include <cmath>

namespace vh::media {
namespace {

double weight(Filter filter, double x) {
  x = std::abs(x);
  if (filter == Filter::kBilinear) return x < 1 ? 1 - x : 0;
  constexpr double a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

int32_t fixed(double w) {
  return static_cast<int32_t>((w < 0 ? -0.5 : 0.5) + w * (1 << kWeightBits));
}

int32_t pair(int32_t first, int32_t second) {
  return static_cast<int32_t>(static_cast<uint32_t>(first & 0xffff) | static_cast<uint32_t>(second) << 16);
}

void take_apart(Taps& taps) {
  constexpr int32_t kLow = (1 << kLowBits) - 1;
  taps.parts.resize(taps.weights.size());
  for (size_t i = 0; i < taps.weights.size(); i += 2) {
    int32_t a = taps.weights[i], b = taps.weights[i + 1];
    taps.parts[i] = pair(a >> kLowBits, b >> kLowBits);
    taps.parts[i + 1] = pair(a & kLow, b & kLow);
  }
}

}  // namespace

Taps make_taps(Filter filter, int64_t limit, double start, double length, int64_t places) {
  double scale = length / static_cast<double>(places), wide = std::max(scale, 1.0), narrow = 1 / wide;
  double support = (filter == Filter::kBicubic ? 2 : 1) * wide;
  auto n = static_cast<size_t>(places);
  auto centre = [&](size_t i) { return start + (static_cast<double>(i) + 0.5) * scale; };
  Taps taps{0, std::vector<int64_t>(n), std::vector<int64_t>(n), {}, {}};
  for (size_t i = 0; i < n; ++i) {
    taps.first[i] = std::max<int64_t>(static_cast<int64_t>(centre(i) - support + 0.5), 0);
    taps.count[i] = std::min<int64_t>(static_cast<int64_t>(centre(i) + support + 0.5), limit) - taps.first[i];
    taps.most = std::max(taps.most, (taps.count[i] + 1) / 2 * 2);
  }
  taps.weights.resize(n * static_cast<size_t>(taps.most));
  std::vector<double> exact(static_cast<size_t>(taps.most));
  for (size_t i = 0; i < n; ++i) {
    auto count = static_cast<size_t>(taps.count[i]);
    double sum = 0;
    for (size_t k = 0; k < count; ++k)
      sum += exact[k] =
          weight(filter, (static_cast<double>(taps.first[i]) + static_cast<double>(k) - centre(i) + 0.5) * narrow);
    for (size_t k = 0; k < count; ++k) taps.weights[i * static_cast<size_t>(taps.most) + k] = fixed(exact[k] / sum);
  }
  take_apart(taps);
  return taps;
}

}  // namespace vh::media
