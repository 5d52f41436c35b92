// The CPU kernel's inner part: one row of cells. Compiled once per instruction set (HOG_ISA); see hog_cpu.cpp.
#pragma once
#include <cstdint>

namespace maskfeat {

// Values of a line lie one after the other; a pixel's neighbours in the same channel are `step` values before and after
// it.
struct HogLine {
  int64_t n, step;        // values of a line, at least 2 * step
  const float* columns;   // the window's weight of each value; never NULL
  float rows[8];          // and of each line
  const void* lines[10];  // the cells' 8 lines, and one before and after; u8 or f32
  float* scratch;         // hog_scratch(n, step) floats, aligned to 64 bytes
};

inline constexpr int64_t hog_scratch(int64_t n, int64_t step) {
  return 4 * (n + 2 * step + 64);
}

// sums: [9][n]: of each bin, over the 8 lines and the pixels i .. i + 7 of value i's channel.
using HogRow = void (*)(const HogLine&, float* sums);
struct HogRows {
  const char* isa;
  HogRow bytes, floats;
};
// NULL where the program was built without it.
extern const HogRows hog_rows_base, hog_rows_avx2, hog_rows_avx512;

}  // namespace maskfeat
