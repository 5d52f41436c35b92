#include "kernels.h"

#include <algorithm>

namespace vh::media {
namespace {

constexpr int32_t kHalf = 1 << (kWeightBits - 1);

uint8_t byte_of(int32_t sum) {
  return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

void one_row(const uint8_t* row, const Taps& taps, bool mirror, uint8_t* out) {
  auto places = static_cast<int64_t>(taps.first.size());
  for (int64_t i = 0; i < places; ++i, out += 3) {
    int64_t place = mirror ? places - 1 - i : i;
    const uint8_t* source = row + taps.first[static_cast<size_t>(place)] * 3;
    const int32_t* weights = taps.weights_of(place);
    int32_t red = kHalf, green = kHalf, blue = kHalf;
    for (int64_t k = 0; k < taps.count[static_cast<size_t>(place)]; ++k, source += 3) {
      red += weights[k] * source[0];
      green += weights[k] * source[1];
      blue += weights[k] * source[2];
    }
    out[0] = byte_of(red), out[1] = byte_of(green), out[2] = byte_of(blue);
  }
}

void plain_columns(const uint8_t* const (&rows)[2], const Taps& taps, bool mirror, uint8_t* const (&outs)[2]) {
  one_row(rows[0], taps, mirror, outs[0]);
  if (outs[1] != outs[0]) one_row(rows[1], taps, mirror, outs[1]);
}

void plain_rows(const uint8_t* const* rows, const Taps& taps, int64_t place, int64_t bytes, uint8_t* out) {
  const int32_t* weights = taps.weights_of(place);
  int64_t count = taps.count[static_cast<size_t>(place)];
  constexpr int64_t kBlock = 256;
  int32_t sums[kBlock];
  for (int64_t at = 0; at < bytes; at += kBlock) {
    int64_t n = std::min(kBlock, bytes - at);
    std::fill_n(sums, n, kHalf);
    for (int64_t k = 0; k < count; ++k)
      for (int64_t i = 0; i < n; ++i) sums[i] += weights[k] * rows[k][at + i];
    for (int64_t i = 0; i < n; ++i) out[at + i] = byte_of(sums[i]);
  }
}

}  // namespace

const Kernels kPlainKernels = {plain_columns, plain_rows};

const Kernels& kernels() {
  static const Kernels& best = avx2_kernels() ? *avx2_kernels() : kPlainKernels;
  return best;
}

}  // namespace vh::media
