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

}  // namespace vh::media
