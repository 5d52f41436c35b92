// What the three implementations of HOG agree on: pixels in, features out.
#pragma once
#include <cstdint>

namespace maskfeat {

// Note [HOG]
// (arXiv:2112.09133, section 3; Dalal and Triggs, 2005.) Per frame and channel, borders reflected without repeating the
// edge:
//   gx = left - right, gy = top - bottom, each smoothed 1 2 1 across (Sobel's operator as a cross-correlation)
//   angle = atan2(gx, gy) modulo pi, in that order, so that vertical edges (left - right) lie in the middle bin
//   bin = floor(angle / pi * bins), hard; its weight is sqrt(gx^2 + gy^2), times the window if there is one
//   cell x cell pixels are summed; each cell's bins are divided by max(their L2 norm, 1e-12), per channel
// A flat cell is all zeros; every other one has norm 1, so that predicting zeros costs 1 / bins per value.
// The result doesn't change if a channel is scaled or shifted.
//
// Note [Layout of HOG]
// A token covers dy_cells x dx_cells cells. Its features have the index ((channel * bins + bin) * dy_cells + dy) *
// dx_cells
// + dx; tokens are in the order t, h, w. With 3 channels, 9 bins and 2 x 2 cells: 108 values.
struct HogShape {
  int64_t frames;                // of all clips
  int64_t height, width;         // pixels, at least 2
  int64_t channels, bins, cell;  // cell: pixels along one side
  int64_t token_h, token_w;      // cells of a token
  int64_t window;                // side of the Gaussian window in pixels, which is tiled; 0 = none

  int64_t cells_h() const { return height / cell; }
  int64_t cells_w() const { return width / cell; }
  int64_t features() const { return channels * bins * token_h * token_w; }
  int64_t tokens() const { return (cells_h() / token_h) * (cells_w() / token_w); }  // of a frame
};

// Where pixels lie: strides in elements. Frame i is frame `i % clip_frames * frame_step` of clip `i / clip_frames`.
struct HogPixels {
  const void* data;
  bool bytes;  // u8, else f32
  int64_t clip_frames, frame_step;
  int64_t clip_stride, frame_stride, row_stride, pixel_stride, channel_stride;

  int64_t offset(int64_t frame) const {
    return frame / clip_frames * clip_stride + frame % clip_frames * frame_step * frame_stride;
  }
};

// The window's weight along one axis is exp(-z^2 / 2), z = (i mod side - centre) / deviation, divided by its sum over a
// side.
inline double hog_window_centre(int64_t side) {
  return static_cast<double>(side - 1) / 2;
}
inline double hog_window_deviation(int64_t side) {
  return static_cast<double>(side) / 2;
}

inline constexpr double kHogEpsilon = 1e-12;
inline constexpr float kHogEpsilonFloat = 1e-12f;
// What the kernels are made for; everything else goes through operators.
inline constexpr int64_t kHogBins = 9, kHogCell = 8;
// tan(k pi / 9): |gx| >= kHogTangent[k] * |gy| from the angle (k + 1) pi / 9 on.
inline constexpr float kHogTangent[4] = {0.36397023426620234f, 0.8390996311772800f, 1.7320508075688772f,
                                         5.6712818196177094f};

}  // namespace maskfeat
