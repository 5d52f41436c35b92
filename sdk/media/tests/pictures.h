// Pictures for the tests.
#pragma once
#include <vhost/media/picture.h>
#include <vhost/random.h>

namespace vh::media {

inline Picture noise(int64_t width, int64_t height, uint64_t seed = 1) {
  Picture picture{width, height, std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
  vh_random random = vh_random_from(seed);
  for (uint8_t& byte : picture.rgb) byte = static_cast<uint8_t>(vh_random_below(&random, 256));
  return picture;
}

inline Picture cut(const Picture& from, const Rect& rect) {
  Picture part{rect.width, rect.height, {}};
  for (int64_t y = rect.y; y < rect.y + rect.height; ++y) {
    auto row = from.rgb.begin() + (y * from.width + rect.x) * 3;
    part.rgb.insert(part.rgb.end(), row, row + rect.width * 3);
  }
  return part;
}

}  // namespace vh::media
