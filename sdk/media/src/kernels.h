// Weighted sums of 8-bit pixels, exact in 32-bit integers, so that every version gives the same bytes.
#pragma once
#include "taps.h"

namespace vh::media {

inline constexpr int64_t kRowPadding =
    32;  // bytes after a row that kernels may read, and after a row of columns() write

struct Kernels {
  // Two rows, their columns resized: out[i] from row[first .. first + most) for i = 0 .. places - 1, or from the last
  // place to the first if mirrored. Rows: readable for 3 * (first + most) + kRowPadding bytes; they may be the same,
  // and so may the outs.
  void (*columns)(const uint8_t* const (&rows)[2], const Taps& taps, bool mirror, uint8_t* const (&outs)[2]);
  // Place `place` from rows, `count` of them, of `bytes` (readable to a multiple of kRowPadding); writes `bytes`.
  void (*rows)(const uint8_t* const* rows, const Taps& taps, int64_t place, int64_t bytes, uint8_t* out);
};

extern const Kernels kPlainKernels;
// NULL where this program or CPU has none.
const Kernels* avx2_kernels();

// The fastest of this CPU.
const Kernels& kernels();

}  // namespace vh::media
