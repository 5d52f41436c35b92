// Image files, told by their content, as they're to be seen: orientation applied, RGB.
#pragma once
#include <memory>
#include <optional>

#include "formats.h"
#include "jpeg.h"

namespace imagenet {

enum class Format { kJpeg, kPng, kWebp, kBmp, kPnm, kTiff, kGif, kAvif };

// By the first bytes.
std::optional<Format> format_of(Bytes);

// Part of a picture. Its pixel (0, 0) covers shrink x shrink pixels of the seen picture from (x, y) on; shrunk pictures
// of odd sizes may begin left of or above the seen one by less than shrink.
struct RegionView {
  PictureView pixels;
  int64_t x = 0, y = 0, shrink = 1;
};
struct Region {
  Part part;
  int64_t x = 0, y = 0, shrink = 1;
  RegionView view() const { return {vh::media::view(part.picture, part.inside), x, y, shrink}; }
};

// One file's bytes, which must outlive the object.
class Image {
 public:
  // Reads a JPEG's header; other formats are decoded here. Throws DecodeError.
  Image(Bytes bytes, const DecodeLimits& limits);

  int64_t width() const;
  int64_t height() const;

  // The largest shrink of 1, 2, 4, 8 that leaves width x height pixels at least `size` wide and high.
  int64_t shrink_for(int64_t width, int64_t height, int64_t size) const;

  // Covers `rect`, which lies inside the picture: exactly it with shrink 1, else outwards to whole shrunk pixels. The
  // pixels depend on shrink, not on rect. Throws DecodeError.
  Region decode(const Rect& rect, int64_t shrink) const;

 private:
  std::unique_ptr<Jpeg> jpeg_;
  Picture picture_;  // of the other formats, as seen
};

// The part of `from` that Image::decode would have given for `rect`. Borrows from it.
RegionView cut(const Region& from, const Rect& rect);

// The pixels alone.
Picture pack(const PictureView& from);

Rect hull(const Rect& a, const Rect& b);

// The bytes of a file. Throws DecodeError.
std::vector<uint8_t> read_file(const std::string& path);

}  // namespace imagenet
