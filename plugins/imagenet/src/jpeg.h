// JPEG by libjpeg-turbo: any rectangle, at 1/1, 1/2, 1/4 or 1/8.
#pragma once
#include "formats.h"

namespace imagenet {

class Jpeg {
 public:
  // Reads the header; `bytes` must outlive the object.
  Jpeg(Bytes bytes, const DecodeLimits& limits);

  int64_t width() const { return width_; }
  int64_t height() const { return height_; }
  int orientation() const { return orientation_; }  // EXIF's, 1 to 8

  // The pixels of `rect` in stored coordinates. shrink: 1, 2, 4 or 8; rect's corner lies on multiples of it, and
  // `inside` has ceil(side / shrink) pixels a side: each is the mean of shrink x shrink, made from the DCT's low
  // frequencies. The pixels don't depend on the rectangle. Damage below it isn't looked at, unless the file has no end
  // marker.
  Part decode(const Rect& rect, int64_t shrink) const;

 private:
  Bytes bytes_;
  DecodeLimits limits_;
  int64_t width_ = 0, height_ = 0;
  int orientation_ = 1;
  bool ended_ = false;  // there is an end marker, so that what isn't decoded is there
};

}  // namespace imagenet
