#include "hog_cpu.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <vector>

#include "hog_rows.h"
#include "hog_window.h"

namespace maskfeat {

namespace {

// The window's weights along n pixels, `step` values each, to whole vectors.
std::vector<float> window(int64_t side, int64_t n, int64_t step) {
  const std::vector<float> one = hog_window(side);
  std::vector<float> weights(static_cast<size_t>(hog_pitch(n * step)));
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = one[i / static_cast<size_t>(step) % one.size()];
  return weights;
}

struct Job {
  const HogPixels& pixels;
  const HogShape& shape;
  float* out;
  HogRow row;
  int64_t planes, step;  // lines of a row of pixels, and channels in each
  std::vector<float> columns, rows;
};

const void* line_at(const Job& job, int64_t frame, int64_t plane, int64_t y) {
  const HogPixels& p = job.pixels;
  const int64_t last = job.shape.height - 1, inside = y < 0 ? -y : y > last ? 2 * last - y : y;
  const int64_t offset = p.offset(frame) + plane * p.channel_stride + inside * p.row_stride;
  return p.bytes ? static_cast<const void*>(static_cast<const uint8_t*>(p.data) + offset)
                 : static_cast<const float*>(p.data) + offset;
}

// Of one row of cells: sums of bins -> features.
void write_cells(const Job& job, const float* sums, int64_t frame, int64_t plane, int64_t cy) {
  const HogShape& s = job.shape;
  const int64_t n = hog_pitch(s.width * job.step), area = s.token_h * s.token_w, tokens_w = s.cells_w() / s.token_w;
  float* tokens =
      job.out + (frame * s.tokens() + cy / s.token_h * tokens_w) * s.features() + cy % s.token_h * s.token_w;
  for (int64_t cx = 0; cx < s.cells_w(); ++cx)
    for (int64_t c = 0; c < job.step; ++c) {
      const float* cell = sums + cx * kHogCell * job.step + c;
      float square = 0;
      for (int64_t k = 0; k < kHogBins; ++k) square += cell[k * n] * cell[k * n];
      const float scale = 1 / std::max(std::sqrt(square), kHogEpsilonFloat);
      float* bins = tokens + cx / s.token_w * s.features() + (plane + c) * kHogBins * area + cx % s.token_w;
      for (int64_t k = 0; k < kHogBins; ++k) bins[k * area] = cell[k * n] * scale;
    }
}

// Rows of cells [begin, end) of all planes of all frames.
int32_t run_range(void* ctx, int64_t begin, int64_t end) {
  const Job& job = *static_cast<const Job*>(ctx);
  const int64_t n = job.shape.width * job.step, pitch = hog_pitch(n);
  const auto floats = static_cast<size_t>(hog_scratch(n, job.step) + kHogBins * pitch);
  float* memory = new (std::align_val_t(64), std::nothrow) float[floats];
  if (!memory) return 1;
  float* sums = memory + hog_scratch(n, job.step);
  for (int64_t i = begin; i < end; ++i) {
    const int64_t cy = i % job.shape.cells_h(), plane = i / job.shape.cells_h() % job.planes;
    const int64_t frame = i / job.shape.cells_h() / job.planes;
    HogLine line{n, job.step, pitch, job.columns.data(), {}, {}, memory, sums};
    for (int64_t r = 0; r < 8; ++r) line.rows[r] = job.rows[static_cast<size_t>(cy * kHogCell + r)];
    for (int64_t r = 0; r < 10; ++r) line.lines[r] = line_at(job, frame, plane, cy * kHogCell + r - 1);
    job.row(line);
    write_cells(job, sums, frame, plane, cy);
  }
  operator delete[](memory, std::align_val_t(64));
  return 0;
}

}  // namespace

int32_t serial_range(int64_t n, int64_t, int32_t (*fn)(void*, int64_t, int64_t), void* ctx) {
  return fn(ctx, 0, n);
}

std::vector<const HogRows*> hog_rows_here() {
  std::vector<const HogRows*> all{&hog_rows_base};
#ifdef HOG_X86
  if (__builtin_cpu_supports("avx2")) all.push_back(&hog_rows_avx2);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    all.push_back(&hog_rows_avx512);
#endif
  return all;
}

bool hog_on_cpu(const HogPixels& pixels, const HogShape& shape, float* out, ForRange for_range, const HogRows* chosen) {
  const bool interleaved = pixels.channel_stride == 1 && pixels.pixel_stride == shape.channels;
  const int64_t step = interleaved ? shape.channels : 1, planes = shape.channels / step;
  const HogRows& rows = chosen ? *chosen : *hog_rows_here().back();
  Job job{pixels,
          shape,
          out,
          pixels.bytes ? rows.bytes : rows.floats,
          planes,
          step,
          window(shape.window, shape.width, step),
          window(shape.window, shape.height, 1)};
  const int64_t work = shape.frames * planes * shape.cells_h();
  return work == 0 || for_range(work, std::max<int64_t>(1, 4 / planes), run_range, &job) == 0;
}

}  // namespace maskfeat
