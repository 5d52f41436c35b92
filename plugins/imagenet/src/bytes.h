// Reading numbers out of a file's bytes, with every access checked.
#pragma once
#include "formats.h"

namespace imagenet {

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  size_t at() const { return at_; }
  size_t left() const { return bytes_.size() - at_; }
  // Throws DecodeError if that's beyond the end.
  void seek(size_t at) {
    if (at > bytes_.size()) throw DecodeError(kEnd);
    at_ = at;
  }
  Bytes take(size_t n) {
    if (n > left()) throw DecodeError(kEnd);
    Bytes out = bytes_.subspan(at_, n);
    at_ += n;
    return out;
  }
  uint32_t u8() { return take(1)[0]; }
  uint32_t u16() {
    Bytes b = take(2);
    return static_cast<uint32_t>(b[1]) << 8 | b[0];
  }
  uint32_t u32() {
    uint32_t low = u16();
    return u16() << 16 | low;
  }

  static constexpr const char* kEnd = "is damaged: the file ends in the middle of the picture";

 private:
  Bytes bytes_;
  size_t at_ = 0;
};

inline uint8_t to_byte(uint64_t value, uint64_t largest) {
  return static_cast<uint8_t>((value * 255 + largest / 2) / largest);
}

}  // namespace imagenet
