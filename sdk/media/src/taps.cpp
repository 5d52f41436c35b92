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

void take_apart(Taps& taps) {
  taps.parts.resize(taps.weights.size() * 2);
  for (size_t i = 0; i < taps.weights.size(); ++i) {
    size_t at = i / 4 * 8 + i % 4;
    taps.parts[at] = static_cast<int16_t>(taps.weights[i] >> kLowBits);
    taps.parts[at + 4] = static_cast<int16_t>(taps.weights[i] & ((1 << kLowBits) - 1));
  }
}

}  // namespace

Taps make_taps(Filter filter, int64_t limit, double start, double length, int64_t places, int64_t group) {
  double scale = length / static_cast<double>(places), wide = std::max(scale, 1.0), narrow = 1 / wide;
  double support = (filter == Filter::kBicubic ? 2 : 1) * wide;
  int64_t most = std::min(static_cast<int64_t>(std::ceil(support)) * 2 + 1, limit);
  auto n = static_cast<size_t>(places);
  Taps taps{(most + group - 1) / group * group, std::vector<int64_t>(n), std::vector<int64_t>(n), {}, {}};
  taps.weights.resize(n * static_cast<size_t>(taps.most));
  std::vector<double> exact(static_cast<size_t>(most));
  for (size_t i = 0; i < n; ++i) {
    double centre = start + (static_cast<double>(i) + 0.5) * scale, sum = 0;
    auto low = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0);
    auto high = std::min<int64_t>(static_cast<int64_t>(centre + support + 0.5), limit);
    for (int64_t x = low; x < high; ++x)
      sum += exact[static_cast<size_t>(x - low)] = weight(filter, (static_cast<double>(x) - centre + 0.5) * narrow);
    taps.first[i] = low, taps.count[i] = high - low;
    for (int64_t k = 0; k < high - low; ++k)
      taps.weights[i * static_cast<size_t>(taps.most) + static_cast<size_t>(k)] =
          fixed(exact[static_cast<size_t>(k)] / sum);
  }
  if (group == 4) take_apart(taps);
  return taps;
}

}  // namespace vh::media
