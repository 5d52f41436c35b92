// Orientation: from EXIF, and applied.
#pragma once
#include "formats.h"

namespace imagenet {

// The orientation that a TIFF structure (EXIF's payload) states in its first directory; 1 if it states none or can't be
// read.
int exif_orientation(Bytes tiff);

inline bool turned(int orientation) {
  return orientation >= 5;  // width and height swap
}

// The picture as it's to be seen.
Picture orient(Picture picture, int orientation);

// The rectangle of the stored picture (width x height) that is seen as `rect`.
Rect stored_rect(const Rect& rect, int orientation, int64_t width, int64_t height);
// And the other way round.
Rect seen_rect(const Rect& rect, int orientation, int64_t width, int64_t height);

}  // namespace imagenet
