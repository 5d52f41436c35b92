// The weights of a separable filter along one axis, as integers.
#pragma once
#include <vhost/media/resample.h>

#include <cstdint>
#include <vector>

namespace vh::media {

inline constexpr int kWeightBits = 22;  // of the fraction
inline constexpr int kLowBits = 12;     // a weight is high * 2^12 + low, each of 16 bits, 0 <= low < 2^12

// For each place of the result: it is the sum of source[first .. first + count) times the weights.
struct Taps {
  int64_t most = 0;  // the largest count, made even
  std::vector<int64_t> first, count;
  std::vector<int32_t> weights;  // [places][most], zero beyond count
  std::vector<int32_t> parts;    // the same in pairs, [places][most / 2][2]: high 0 | high 1 << 16, low 0 | low 1 << 16

  const int32_t* weights_of(int64_t place) const { return weights.data() + place * most; }
  const int32_t* parts_of(int64_t place) const { return parts.data() + place * most; }
};

// `length` source pixels from `start` onto `places`; the source has `limit` pixels.
Taps make_taps(Filter filter, int64_t limit, double start, double length, int64_t places);

}  // namespace vh::media
