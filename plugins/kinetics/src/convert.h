// A rectangle of a decoded frame as packed RGB of a wanted size, upright, maybe mirrored.
#pragma once
#include <vhost/media/crop.h>

#include <cstdint>
#include <vector>

#include "libav.h"

namespace kinetics {

using vh::media::Rect;

// The flags for libswscale. Accurate and bit-exact: the same pixels on every CPU.
inline constexpr int kScaleFlags = SWS_BILINEAR | SWS_ACCURATE_RND | SWS_BITEXACT;

// Holds the scaler for one rectangle; made anew when the frame's format changes. Not thread-safe.
class Converter {
 public:
  // rect: in display coordinates, i.e. after turning the frame clockwise by `rotation` degrees. Its corner is moved by
  // at most a pixel where the chroma planes ask for it. Full size: rect = the
  // whole picture and the same width and height.
  Converter(Rect rect, int rotation, bool mirror, int width, int height);
  // out: [height][width][3]. Throws DecodeError if the frame can't be converted.
  void convert(const AVFrame& frame, uint8_t* out);

 private:
  void prepare(const AVFrame& frame);
  void turn(const uint8_t* from, uint8_t* to) const;

  Rect rect_;
  int rotation_;
  bool mirror_;
  int width_, height_;
  SwsPtr scaler_;
  int frame_format_ = -1, frame_width_ = 0, frame_height_ = 0, frame_space_ = -1, frame_range_ = -1;
  Rect coded_;  // the rectangle in the frame as it is coded
  std::vector<uint8_t> scratch_;
};

}  // namespace kinetics
