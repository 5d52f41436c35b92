#include "exif.h"

#include <cstring>
#include <utility>

namespace imagenet {
namespace {

class Tiff {
 public:
  explicit Tiff(Bytes bytes) : bytes_(bytes) {}

  bool open() {
    if (bytes_.size() < 8) return false;
    little_ = !std::memcmp(bytes_.data(), "II*\0", 4);
    return little_ || !std::memcmp(bytes_.data(), "MM\0*", 4);
  }
  bool has(uint64_t at, uint64_t n) const { return at <= bytes_.size() && n <= bytes_.size() - at; }
  uint32_t u16(size_t at) const {
    uint32_t a = bytes_[at], b = bytes_[at + 1];
    return little_ ? b << 8 | a : a << 8 | b;
  }
  uint32_t u32(size_t at) const { return little_ ? u16(at + 2) << 16 | u16(at) : u16(at) << 16 | u16(at + 2); }

 private:
  Bytes bytes_;
  bool little_ = false;
};

// Where the seen pixel (x, y) is stored, as stored = origin + x * right + y * down in pixel steps.
struct Axes {
  bool swap, mirror_x, mirror_y;  // stored x runs along seen y; stored x, y run backwards
};

Axes axes_of(int orientation) {
  constexpr Axes kAxes[9] = {{},
                             {false, false, false},
                             {false, true, false},
                             {false, true, true},
                             {false, false, true},
                             {true, false, false},
                             {true, false, true},
                             {true, true, true},
                             {true, true, false}};
  return kAxes[orientation];
}

}  // namespace

int exif_orientation(Bytes bytes) {
  constexpr uint32_t kOrientation = 0x0112, kShort = 3, kLong = 4;
  Tiff tiff(bytes);
  if (!tiff.open()) return 1;
  uint64_t at = tiff.u32(4);
  if (!tiff.has(at, 2)) return 1;
  uint32_t entries = tiff.u16(at);
  at += 2;
  for (uint32_t i = 0; i < entries && tiff.has(at, 12); ++i, at += 12) {
    if (tiff.u16(at) != kOrientation) continue;
    uint32_t type = tiff.u16(at + 2), value = type == kLong ? tiff.u32(at + 8) : tiff.u16(at + 8);
    bool good = (type == kShort || type == kLong) && tiff.u32(at + 4) == 1 && value >= 1 && value <= 8;
    return good ? static_cast<int>(value) : 1;
  }
  return 1;
}

Rect stored_rect(const Rect& rect, int orientation, int64_t width, int64_t height) {
  Axes axes = axes_of(orientation);
  Rect out = axes.swap ? Rect{rect.y, rect.x, rect.height, rect.width} : rect;
  if (axes.mirror_x) out.x = width - out.x - out.width;
  if (axes.mirror_y) out.y = height - out.y - out.height;
  return out;
}

Rect seen_rect(const Rect& rect, int orientation, int64_t width, int64_t height) {
  Axes axes = axes_of(orientation);
  Rect out = rect;
  if (axes.mirror_x) out.x = width - out.x - out.width;
  if (axes.mirror_y) out.y = height - out.y - out.height;
  return axes.swap ? Rect{out.y, out.x, out.height, out.width} : out;
}

Picture orient(Picture from, int orientation) {
  if (orientation == 1) return from;
  Axes axes = axes_of(orientation);
  Picture to;
  to.width = from.width, to.height = from.height;
  if (axes.swap) std::swap(to.width, to.height);
  to.rgb.resize(from.rgb.size());
  uint8_t* out = to.rgb.data();
  for (int64_t y = 0; y < to.height; ++y)
    for (int64_t x = 0; x < to.width; ++x, out += 3) {
      int64_t sx = axes.swap ? y : x, sy = axes.swap ? x : y;
      if (axes.mirror_x) sx = from.width - 1 - sx;
      if (axes.mirror_y) sy = from.height - 1 - sy;
      std::memcpy(out, from.rgb.data() + (sy * from.width + sx) * 3, 3);
    }
  return to;
}

}  // namespace imagenet
