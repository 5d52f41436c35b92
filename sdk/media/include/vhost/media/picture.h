// A decoded picture in memory, and a rectangle of it.
#pragma once
#include <cstdint>
#include <vector>

namespace vh::media {

// In pixels, from the top left corner: columns [x, x + width), rows [y, y + height).
struct Rect {
  int64_t x = 0, y = 0, width = 0, height = 0;
  bool operator==(const Rect&) const = default;
};

struct Picture {
  int64_t width = 0, height = 0;
  std::vector<uint8_t> rgb;  // [height][width][3], red, green, blue
};

// Pixels that someone else holds: rows of [width][3], `stride` bytes from one to the next.
struct PictureView {
  const uint8_t* rgb = nullptr;
  int64_t width = 0, height = 0, stride = 0;
};
inline PictureView view(const Picture& picture) {
  return {picture.rgb.data(), picture.width, picture.height, picture.width * 3};
}
// `rect` must lie inside the picture.
inline PictureView view(const Picture& picture, const Rect& rect) {
  return {picture.rgb.data() + (rect.y * picture.width + rect.x) * 3, rect.width, rect.height, picture.width * 3};
}

// The same, to be changed in place.
struct PictureSpan {
  uint8_t* rgb = nullptr;
  int64_t width = 0, height = 0, stride = 0;
};
inline PictureSpan span(Picture& picture) {
  return {picture.rgb.data(), picture.width, picture.height, picture.width * 3};
}

}  // namespace vh::media
