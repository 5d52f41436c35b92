#include "hog_cpu.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <new>
#include <vector>

#include "hog_rows.h"

namespace maskfeat {

namespace {

const HogRows& rows_of_this_processor() {
  return hog_rows_base;
}

// The window's weights along n pixels, `step` values each.
std::vector<float> window(int64_t side, int64_t n, int64_t step) {
  std::vector<float> weights(static_cast<size_t>(n * step), 1.0f);
  if (side == 0) return weights;
  const auto gauss = [&](int64_t i) {
    const double z = (static_cast<double>(i % side) - hog_window_centre(side)) / hog_window_deviation(side);
    return std::exp(-0.5 * z * z);
  };
  double sum = 0;
  for (int64_t i = 0; i < side; ++i) sum += gauss(i);
  for (int64_t i = 0; i < n * step; ++i) weights[static_cast<size_t>(i)] = static_cast<float>(gauss(i / step) / sum);
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
  const int64_t n = s.width * job.step, area = s.token_h * s.token_w, tokens_w = s.cells_w() / s.token_w;
  float* tokens =
      job.out + (frame * s.tokens() + cy / s.token_h * tokens_w) * s.features() + cy % s.token_h * s.token_w;
  for (int64_t cx = 0; cx < s.cells_w(); ++cx)
    for (int64_t c = 0; c < job.step; ++c) {
      const float* cell = sums + cx * kHogCell * job.step + c;
      float square = 0;
      for (int64_t k = 0; k < kHogBins; ++k) square += cell[k * n] * cell[k * n];
      const float scale = 1 / std::max(std::sqrt(square), static_cast<float>(kHogEpsilon));
      float* bins = tokens + cx / s.token_w * s.features() + (plane + c) * kHogBins * area + cx % s.token_w;
      for (int64_t k = 0; k < kHogBins; ++k) bins[k * area] = cell[k * n] * scale;
    }
}

// Rows of cells [begin, end) of all planes of all frames.
int32_t run_range(void* ctx, int64_t begin, int64_t end) {
  const Job& job = *static_cast<const Job*>(ctx);
  const int64_t n = job.shape.width * job.step;
  const auto floats = static_cast<size_t>(hog_scratch(n, job.step) + kHogBins * n);
  float* memory = new (std::align_val_t(64), std::nothrow) float[floats];
  if (!memory) return 1;
  float* sums = memory + hog_scratch(n, job.step);
  for (int64_t i = begin; i < end; ++i) {
    const int64_t cy = i % job.shape.cells_h(), plane = i / job.shape.cells_h() % job.planes;
    const int64_t frame = i / job.shape.cells_h() / job.planes;
    HogLine line{.n = n, .step = job.step, .columns = job.columns.data(), .rows = {}, .lines = {}, .scratch = memory};
    for (int64_t r = 0; r < 8; ++r) line.rows[r] = job.rows[static_cast<size_t>(cy * kHogCell + r)];
    for (int64_t r = 0; r < 10; ++r) line.lines[r] = line_at(job, frame, plane, cy * kHogCell + r - 1);
    job.row(line, sums);
    write_cells(job, sums, frame, plane, cy);
  }
  operator delete[](memory, std::align_val_t(64));
  return 0;
}

}  // namespace

int32_t serial_range(int64_t n, int64_t, int32_t (*fn)(void*, int64_t, int64_t), void* ctx) {
  return fn(ctx, 0, n);
}

bool hog_on_cpu(const HogPixels& pixels, const HogShape& shape, float* out, ForRange for_range) {
  const bool interleaved = pixels.channel_stride == 1 && pixels.pixel_stride == shape.channels;
  const int64_t step = interleaved ? shape.channels : 1, planes = shape.channels / step;
  const HogRows& rows = rows_of_this_processor();
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
