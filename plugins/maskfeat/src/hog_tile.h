// The CUDA kernel's work, phase by phase, as plain C++: hog_cuda.cu runs the phases with a barrier between them; a test
// runs them on the CPU, one thread after the other.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "hog_layout.h"
#include "hog_window.h"
#ifdef __CUDACC__
#define HOG_DEVICE __host__ __device__ __forceinline__
#else
#define HOG_DEVICE inline
#endif

namespace maskfeat {

inline constexpr int kHogWindowMost = 256;
inline constexpr int kHogTilePixels = 32;         // aim of a block's width
inline constexpr int kHogSharedMost = 48 * 1024;  // bytes of shared memory that every device gives a block

// What a block computes: a row of tokens, `tokens` of them side by side. Everything that doesn't depend on the block.
struct HogTiles {
  int height, width, channels;
  int token_h, token_w;             // cells of a token
  int tokens;                       // of a block
  int tokens_h, tokens_w, tiles_w;  // of a picture
  int features;
  int window;  // weights used of `weights`, at least 1
  HogPixels pixels;
  float* out;
  float weights[kHogWindowMost];
};

// Which part a block works on, and its shared memory.
struct HogBlock {
  int frame, token_y, token_x;  // of the first token
  int tokens;                   // fewer at the right border
  float *pixels, *sums, *cells, *features;
};

// Columns of a block: pixels times channels.
HOG_DEVICE int hog_columns(const HogTiles& t, int tokens) {
  return tokens * t.token_w * 8 * t.channels;
}

struct HogShared {
  int pixels, sums, cells, features;  // floats
  HOG_DEVICE int total() const { return pixels + sums + cells + features; }
};
HOG_DEVICE HogShared hog_shared(const HogTiles& t) {
  const int columns = hog_columns(t, t.tokens);
  return {(t.token_h * 8 + 2) * (columns + 2 * t.channels), 9 * columns, 9 * columns / 8, t.tokens * t.features};
}

// The work of a launch; blocks: how many there are. False: too much for a block's shared memory, or too wide a window.
inline bool hog_tiles(const HogPixels& pixels, const HogShape& shape, float* out, HogTiles& t, int64_t& blocks) {
  const std::vector<float> weights = hog_window(shape.window);
  if (weights.size() > kHogWindowMost) return false;
  const auto narrow = [](int64_t n) { return static_cast<int>(n); };
  const int64_t tokens_w = shape.cells_w() / shape.token_w;
  const int64_t tokens = std::clamp<int64_t>(kHogTilePixels / (8 * shape.token_w), 1, tokens_w);
  t = {narrow(shape.height),
       narrow(shape.width),
       narrow(shape.channels),
       narrow(shape.token_h),
       narrow(shape.token_w),
       narrow(tokens),
       narrow(shape.cells_h() / shape.token_h),
       narrow(tokens_w),
       narrow((tokens_w + tokens - 1) / tokens),
       narrow(shape.features()),
       narrow(static_cast<int64_t>(weights.size())),
       pixels,
       out,
       {}};
  std::copy(weights.begin(), weights.end(), t.weights);
  blocks = shape.frames * t.tokens_h * t.tiles_w;
  return hog_shared(t).total() * sizeof(float) <= kHogSharedMost;
}

HOG_DEVICE HogBlock hog_block(const HogTiles& t, int64_t block, float* shared) {
  const HogShared size = hog_shared(t);
  const int x = static_cast<int>(block % t.tiles_w) * t.tokens;
  const int64_t row = block / t.tiles_w;
  const int left = t.tokens_w - x;
  float *sums = shared + size.pixels, *cells = sums + size.sums;
  return {static_cast<int>(row / t.tokens_h),
          static_cast<int>(row % t.tokens_h),
          x,
          left < t.tokens ? left : t.tokens,
          shared,
          sums,
          cells,
          cells + size.cells};
}

// Where the border is reflected.
HOG_DEVICE int hog_reflect(int i, int n) {
  return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
}

// Phase 1: pixels and one more all round -> shared [rows + 2][(pixels + 2) * channels]. Neighbouring threads read
// neighbouring memory, whether channels are interleaved or in planes.
template <class T>
HOG_DEVICE void hog_fill(const HogTiles& t, const HogBlock& b, int thread, int threads) {
  const HogPixels& p = t.pixels;
  const int rows = t.token_h * 8 + 2, wide = b.tokens * t.token_w * 8 + 2, line = wide * t.channels;
  const int y0 = b.token_y * t.token_h * 8 - 1, x0 = b.token_x * t.token_w * 8 - 1;
  const T* frame = static_cast<const T*>(p.data) + b.frame / p.clip_frames * p.clip_stride +
                   b.frame % p.clip_frames * p.frame_step * p.frame_stride;
  for (int i = thread; i < line; i += threads) {
    const bool planes = p.pixel_stride == 1;
    const int x = planes ? i % wide : i / t.channels, c = planes ? i / wide : i % t.channels;
    const T* column = frame + hog_reflect(x0 + x, t.width) * p.pixel_stride + c * p.channel_stride;
    float* to = b.pixels + x * t.channels + c;
    for (int row = 0; row < rows; ++row)
      to[row * line] = static_cast<float>(column[hog_reflect(y0 + row, t.height) * p.row_stride]);
  }
}

// The sectors are those of the CPU's kernel.
HOG_DEVICE int hog_bin(float gx, float gy) {
  const float x = fabsf(gx), y = fabsf(gy);
  const int sector =
      (x >= kHogTangent[0] * y) + (x >= kHogTangent[1] * y) + (x >= kHogTangent[2] * y) + (x >= kHogTangent[3] * y);
  return gx * gy < 0 ? 8 - sector : sector;
}

// Phase 2, for each row of cells: a thread goes down a column's 8 pixels -> sums [9][columns]. The sums of a column are
// its thread's alone; those of neighbouring threads lie in neighbouring banks, whatever their bins.
HOG_DEVICE void hog_columns_down(const HogTiles& t, const HogBlock& b, int cell_y, int thread, int threads) {
  const int columns = hog_columns(t, b.tokens), line = columns + 2 * t.channels,
            y0 = (b.token_y * t.token_h + cell_y) * 8;
  for (int i = thread; i < columns; i += threads) {
    const float* pixel = b.pixels + cell_y * 8 * line + i;
    const float column = t.weights[(b.token_x * t.token_w * 8 + i / t.channels) % t.window];
    int y = y0 % t.window;
    float* sums = b.sums + i;
    for (int k = 0; k < 9; ++k) sums[k * columns] = 0;
    float across[3], smooth[3];  // of three lines: left - right, and left + 2 here + right
    const auto read = [&](int row) {
      const float left = pixel[row * line], here = pixel[row * line + t.channels],
                  right = pixel[row * line + 2 * t.channels];
      across[row % 3] = left - right;
      smooth[row % 3] = left + 2 * here + right;
    };
    read(0), read(1);
#ifdef __CUDA_ARCH__
#pragma unroll
#endif
    for (int r = 0; r < 8; ++r) {
      read(r + 2);
      const float gx = across[r % 3] + 2 * across[(r + 1) % 3] + across[(r + 2) % 3],
                  gy = smooth[r % 3] - smooth[(r + 2) % 3];
      sums[hog_bin(gx, gy) * columns] += sqrtf(gx * gx + gy * gy) * (column * t.weights[y]);
      y = y + 1 == t.window ? 0 : y + 1;
    }
  }
}

// Phase 3: 8 columns -> cells [9][cells * channels], in the order of the CPU's kernel.
HOG_DEVICE void hog_add_columns(const HogTiles& t, const HogBlock& b, int thread, int threads) {
  const int columns = hog_columns(t, b.tokens), cells = columns / 8, step = t.channels;
  for (int i = thread; i < 9 * cells; i += threads) {
    const float* s = b.sums + i / cells * columns + i % cells / step * 8 * step + i % cells % step;
    b.cells[i] =
        ((s[0] + s[step]) + (s[2 * step] + s[3 * step])) + ((s[4 * step] + s[5 * step]) + (s[6 * step] + s[7 * step]));
  }
}

// Phase 4: normalised, and put where the token's features lie -> features [tokens][features].
HOG_DEVICE void hog_normalise(const HogTiles& t, const HogBlock& b, int cell_y, int thread, int threads) {
  const int cells = hog_columns(t, b.tokens) / 8, area = t.token_h * t.token_w;
  for (int i = thread; i < cells; i += threads) {
    const int x = i / t.channels, c = i % t.channels;
    float square = 0;
    for (int k = 0; k < 9; ++k) square += b.cells[k * cells + i] * b.cells[k * cells + i];
    const float norm = sqrtf(square), scale = 1.0f / (norm > kHogEpsilonFloat ? norm : kHogEpsilonFloat);
    float* bins = b.features + x / t.token_w * t.features + c * 9 * area + cell_y * t.token_w + x % t.token_w;
    for (int k = 0; k < 9; ++k) bins[k * area] = b.cells[k * cells + i] * scale;
  }
}

// Phase 5: tokens side by side lie side by side in memory.
HOG_DEVICE void hog_write(const HogTiles& t, const HogBlock& b, int thread, int threads) {
  float* out = t.out + ((static_cast<int64_t>(b.frame) * t.tokens_h + b.token_y) * t.tokens_w + b.token_x) * t.features;
  for (int i = thread; i < b.tokens * t.features; i += threads) out[i] = b.features[i];
}

}  // namespace maskfeat
