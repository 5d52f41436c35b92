// PBM, PGM and PPM, plain and raw, up to 16 bits.
#include <algorithm>

#include "bytes.h"

namespace imagenet {
namespace {

class Pnm {
 public:
  Pnm(Bytes bytes, const DecodeLimits& limits) : in_(bytes), limits_(limits) {}

  Stored decode() {
    in_.seek(1);
    kind_ = static_cast<int>(in_.u8()) - '0';
    Picture& picture = out_.picture;
    picture.width = number(), picture.height = number();
    largest_ = bitmap() ? 1 : number();
    if (largest_ < 1 || largest_ > 65535) throw DecodeError("has a largest value that isn't in 1..65535");
    check_size(picture.width, picture.height, limits_);
    picture.rgb.resize(static_cast<size_t>(picture.width * picture.height * 3));
    try {
      for (int64_t y = 0; y < picture.height; ++y) row(picture.rgb.data() + y * picture.width * 3);
    } catch (const DecodeError&) {
      if (!limits_.accept_damaged) throw;
    }
    return std::move(out_);
  }

 private:
  bool plain() const { return kind_ <= 3; }
  bool bitmap() const { return kind_ == 1 || kind_ == 4; }
  bool colour() const { return kind_ == 3 || kind_ == 6; }

  static bool space(uint32_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

  // Skips white space and comments.
  uint32_t first_character() {
    for (;;) {
      uint32_t c = in_.u8();
      if (c == '#')
        while (c != '\n') c = in_.u8();
      else if (!space(c))
        return c;
    }
  }
  // A decimal number and the one white space character after it, so that raw samples come next.
  int64_t number() {
    uint32_t c = first_character();
    int64_t value = 0;
    for (; c >= '0' && c <= '9'; c = in_.u8()) {
      value = value * 10 + (c - '0');
      if (value > 0x7fffffff) throw DecodeError("has a number that is too large");
      if (!in_.left()) return value;
    }
    if (!space(c)) throw DecodeError("has something other than a number in its header or samples");
    return value;
  }
  uint8_t sample() {
    int64_t value;
    if (plain())
      value = number();
    else if (largest_ < 256)
      value = in_.u8();
    else {
      value = in_.u8() << 8;
      value |= in_.u8();
    }
    return to_byte(static_cast<uint64_t>(std::min(value, largest_)), static_cast<uint64_t>(largest_));
  }
  void row(uint8_t* out) {
    const uint8_t* end = out + out_.picture.width * 3;
    uint32_t byte = 0;
    for (int64_t x = 0; out < end; ++x, out += 3) {
      if (colour()) {
        for (int c = 0; c < 3; ++c) out[c] = sample();
        continue;
      }
      uint8_t grey;
      if (!bitmap()) {
        grey = sample();
      } else if (plain()) {
        grey = first_character() == '1' ? 0 : 255;
      } else {
        if (x % 8 == 0) byte = in_.u8();
        grey = byte >> (7 - x % 8) & 1 ? 0 : 255;
      }
      out[0] = out[1] = out[2] = grey;
    }
  }

  ByteReader in_;
  DecodeLimits limits_;
  Stored out_;
  int kind_ = 0;
  int64_t largest_ = 0;
};

}  // namespace

Stored decode_pnm(Bytes bytes, const DecodeLimits& limits) {
  return Pnm(bytes, limits).decode();
}

}  // namespace imagenet
