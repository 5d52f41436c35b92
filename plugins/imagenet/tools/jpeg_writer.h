// JPEG files for generated sets and tests.
#pragma once
#include <vhost/media/picture.h>

#include <cstdint>
#include <vector>

namespace imagenet {

enum class JpegColours { kYcc, kGrey, kRgb, kCmyk, kYcck };

struct JpegSettings {
  int quality = 90;
  int across = 2, down = 2;  // chroma subsampling
  JpegColours colours = JpegColours::kYcc;
  bool progressive = false, arithmetic = false;
  int restart_rows = 0;  // a restart marker every so many rows of MCUs
};

std::vector<uint8_t> encode_jpeg(const vh::media::Picture& picture, const JpegSettings& settings = {});

}  // namespace imagenet
