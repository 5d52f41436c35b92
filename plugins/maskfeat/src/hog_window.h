// The Gaussian window of HOG.
#pragma once
#include <cmath>
#include <cstdint>
#include <vector>

#include "hog_layout.h"

namespace maskfeat {

// The window's weights along one side, which add up to 1; {1} for no window. A pixel's weight is the product of those
// at its row and column, modulo the side.
inline std::vector<float> hog_window(int64_t side) {
  if (side == 0) return {1.0f};
  std::vector<double> exact;
  double sum = 0;
  for (int64_t i = 0; i < side; ++i) {
    const double z = (static_cast<double>(i) - hog_window_centre(side)) / hog_window_deviation(side);
    sum += exact.emplace_back(std::exp(-0.5 * z * z));
  }
  std::vector<float> weights;
  for (const double w : exact) weights.push_back(static_cast<float>(w / sum));
  return weights;
}

}  // namespace maskfeat
