// The CPU kernel's inner part: one row of cells. Compiled once per instruction set; see hog_cpu.cpp.
#pragma once
#include <cstdint>

namespace maskfeat {

// Values of a line lie one after the other; a pixel's neighbours in the same channel are `step` values before and after
// it.
struct HogLine {
  int64_t n, step;        // values of a line, at least 2 * step
  int64_t pitch;          // hog_pitch(n)
  const float* columns;   // the window's weight of each value, [pitch]
  float rows[8];          // and of each line
  const void* lines[10];  // the cells' 8 lines, and one before and after; u8 or f32
  float *scratch, *sums;  // aligned to 64 bytes: hog_scratch(n, step) floats; the result, [9][pitch]
};

// The widest vectors' lanes: arrays are padded to whole vectors.
inline constexpr int64_t hog_pitch(int64_t n) {
  return (n + 15) / 16 * 16;
}
// 8 lines of two gradients, and of two sums with a pixel more at each end.
inline constexpr int64_t hog_scratch(int64_t n, int64_t step) {
  return 16 * hog_pitch(n) + 2 * hog_pitch(n + 2 * step);
}

// sums[k * pitch + i]: of bin k, over the 8 lines and the pixels i, i + step .. i + 7 step. What lies beyond the line's
// end means nothing.
using HogRow = void (*)(const HogLine&);
struct HogRows {
  const char* isa;
  HogRow bytes, floats;
};
extern const HogRows hog_rows_base;
#ifdef HOG_X86
extern const HogRows hog_rows_avx2, hog_rows_avx512;
#endif

}  // namespace maskfeat
