// Windows and OS/2 bitmaps: 1 to 32 bits, palettes, bit fields, run lengths.
#include <algorithm>
#include <array>
#include <bit>

#include "bytes.h"

namespace imagenet {
namespace {

enum Compression : uint32_t { kNone = 0, kRle8 = 1, kRle4 = 2, kBitFields = 3, kAlphaBitFields = 6 };

using Colour = std::array<uint8_t, 3>;

class Bmp {
 public:
  Bmp(Bytes bytes, const DecodeLimits& limits) : in_(bytes), limits_(limits) {}

  Stored decode() {
    in_.seek(10);
    size_t pixels = in_.u32();
    read_header();
    check_size(width_, height_, limits_);
    if (bits_ <= 8) read_palette();
    out_.picture.width = width_, out_.picture.height = height_;
    out_.picture.rgb.resize(static_cast<size_t>(width_ * height_ * 3));
    try {
      in_.seek(pixels);
      if (compression_ == kRle8 || compression_ == kRle4)
        read_runs();
      else
        for (int64_t y = 0; y < height_; ++y) read_row(y);
    } catch (const DecodeError&) {
      if (!limits_.accept_damaged) throw;
    }
    return std::move(out_);
  }

 private:
  void read_header() {
    header_ = in_.u32();
    bool core = header_ == 12;
    if (!core && (header_ < 40 || header_ > 4096)) throw DecodeError("has a header of an unknown kind");
    if (core) {
      width_ = in_.u16(), height_ = in_.u16();
    } else {
      width_ = static_cast<int32_t>(in_.u32()), height_ = static_cast<int32_t>(in_.u32());
      if (height_ < 0) top_down_ = true, height_ = -height_;
    }
    in_.u16();
    bits_ = in_.u16();
    if (!core) {
      compression_ = in_.u32();
      in_.take(12);
      colours_ = in_.u32();
      in_.u32();
    }
    check_kind();
    if (compression_ == kBitFields || compression_ == kAlphaBitFields)
      for (uint32_t& mask : masks_) mask = in_.u32();
    else if (bits_ == 16)
      masks_ = {0x7c00, 0x3e0, 0x1f};
    in_.seek(14 + std::max<size_t>(header_, in_.at() - 14));
  }
  void check_kind() const {
    bool known = compression_ == kNone
                     ? bits_ == 1 || bits_ == 4 || bits_ == 8 || bits_ == 16 || bits_ == 24 || bits_ == 32
                 : compression_ == kRle8 ? bits_ == 8
                 : compression_ == kRle4
                     ? bits_ == 4
                     : (compression_ == kBitFields || compression_ == kAlphaBitFields) && (bits_ == 16 || bits_ == 32);
    if (!known)
      throw DecodeError("is a bitmap with " + std::to_string(bits_) + " bits and compression " +
                        std::to_string(compression_) + ", which isn't read");
  }
  void read_palette() {
    size_t n = size_t{1} << bits_, entry = header_ == 12 ? 3 : 4;
    if (colours_ && colours_ < n) n = colours_;
    for (size_t i = 0; i < n; ++i) {
      Bytes c = in_.take(entry);
      palette_[i] = {c[2], c[1], c[0]};
    }
  }
  uint8_t* row(int64_t y) { return out_.picture.rgb.data() + (top_down_ ? y : height_ - 1 - y) * width_ * 3; }

  void read_row(int64_t y) {
    auto n = static_cast<size_t>((width_ * bits_ + 31) / 32 * 4);
    Bytes from = in_.take(std::min(n, std::max<size_t>(in_.left(), static_cast<size_t>((width_ * bits_ + 7) / 8))));
    uint8_t* out = row(y);
    for (int64_t x = 0; x < width_; ++x, out += 3) std::ranges::copy(colour(from.data(), static_cast<size_t>(x)), out);
  }
  Colour colour(const uint8_t* from, size_t x) const {
    if (bits_ <= 8) {
      size_t bit = x * bits_;
      return palette_[from[bit / 8] >> (8 - bits_ - bit % 8) & ((1u << bits_) - 1)];
    }
    const uint8_t* p = from + x * bits_ / 8;
    if (bits_ == 24 || !masks_[0]) return {p[2], p[1], p[0]};
    uint32_t value = bits_ == 16 ? p[1] << 8 | p[0] : static_cast<uint32_t>(p[3]) << 24 | p[2] << 16 | p[1] << 8 | p[0];
    Colour out{};
    for (size_t c = 0; c < 3; ++c)
      if (uint32_t mask = masks_[c]) {
        int shift = std::countr_zero(mask);
        out[c] = to_byte((value & mask) >> shift, mask >> shift);
      }
    return out;
  }

  void put(int64_t& x, int64_t y, size_t index) {
    if (x < width_) std::ranges::copy(palette_[index & 255], row(y) + x * 3);
    ++x;
  }
  void read_runs() {
    enum { kEndOfLine, kEndOfPicture, kMove };
    for (int64_t y = 0; y < height_; ++y)
      for (int64_t x = 0; x < width_; ++x) std::ranges::copy(palette_[0], row(y) + x * 3);
    int64_t x = 0, y = 0;
    while (y < height_) {
      uint32_t count = in_.u8(), value = in_.u8();
      if (count) {
        for (uint32_t i = 0; i < count; ++i) put(x, y, nibble(value, i));
      } else if (value == kEndOfLine) {
        x = 0, ++y;
      } else if (value == kEndOfPicture) {
        return;
      } else if (value == kMove) {
        x += in_.u8(), y += in_.u8();
      } else {
        read_literal(x, y, value);
      }
    }
  }
  void read_literal(int64_t& x, int64_t y, uint32_t count) {
    size_t bytes = bits_ == 8 ? count : (count + 1) / 2;
    Bytes from = in_.take(bytes);
    for (uint32_t i = 0; i < count; ++i) put(x, y, nibble(from[bits_ == 8 ? i : i / 2], i));
    if (bytes % 2 && in_.left()) in_.take(1);
  }
  size_t nibble(uint32_t byte, uint32_t i) const { return bits_ == 8 ? byte : i % 2 ? byte & 15 : byte >> 4; }

  ByteReader in_;
  DecodeLimits limits_;
  Stored out_;
  size_t header_ = 0;
  int64_t width_ = 0, height_ = 0;
  bool top_down_ = false;
  uint32_t bits_ = 0, compression_ = kNone, colours_ = 0;
  std::array<uint32_t, 3> masks_{};
  std::array<Colour, 256> palette_{};
};

}  // namespace

Stored decode_bmp(Bytes bytes, const DecodeLimits& limits) {
  return Bmp(bytes, limits).decode();
}

}  // namespace imagenet
