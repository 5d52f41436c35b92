// The decoders, one for each format. All take a file's bytes and give what the file stores: pictures before EXIF
// orientation. All throw DecodeError, whatever the bytes, and read no byte beyond them.
#pragma once
#include <vhost/media/picture.h>

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

namespace imagenet {

using vh::media::Picture;
using vh::media::PictureView;
using vh::media::Rect;

using Bytes = std::span<const uint8_t>;

// what() is the cause, without the file's name.
struct DecodeError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct DecodeLimits {
  int64_t max_pixels = 178956970;  // of the whole picture, looked at before memory is taken
  bool accept_damaged = false;     // take what the decoder made of a damaged or truncated file
};

// A whole picture as stored, and how it's to be turned: EXIF's 1 to 8.
struct Stored {
  Picture picture;
  int orientation = 1;
};

// Some pixels, and which of them were asked for: decoders work in blocks.
struct Part {
  Picture picture;
  Rect inside;
};

// Throws DecodeError unless 1 <= width * height <= max_pixels.
void check_size(int64_t width, int64_t height, const DecodeLimits& limits);

// Grey and palettes become RGB, alpha is dropped (the colours under transparent pixels stay, as with Pillow's
// convert("RGB")), 16 bits are rounded to 8, colour profiles aren't applied. Of several pictures in a file: the first.
Stored decode_png(Bytes, const DecodeLimits&);
Stored decode_webp(Bytes, const DecodeLimits&);
Stored decode_bmp(Bytes, const DecodeLimits&);
Stored decode_pnm(Bytes, const DecodeLimits&);
Stored decode_tiff(Bytes, const DecodeLimits&);
Stored decode_gif(Bytes, const DecodeLimits&);
Stored decode_avif(Bytes, const DecodeLimits&);

}  // namespace imagenet
