#include "netpbm.h"

#include <fstream>

#include "vhost/cpp/error.hpp"

namespace frames {
namespace {

constexpr int64_t kLargest = 16384;  // pixels along a side

// The next number of the header; comments run from # to the line's end.
int64_t number(std::istream& file) {
  int c = file.get();
  while (c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '#') {
    if (c == '#')
      while (c != '\n' && c != EOF) c = file.get();
    else
      c = file.get();
  }
  int64_t value = -1;
  for (; c >= '0' && c <= '9' && value <= kLargest; c = file.get()) value = (value < 0 ? 0 : value) * 10 + (c - '0');
  return value;  // the one separator after it is consumed
}

}  // namespace

Picture read_picture(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw vh::data_error(path, "can't be opened");
  const int p = file.get(), kind = file.get();
  if (p != 'P' || (kind != '5' && kind != '6')) throw vh::data_error(path, "isn't a binary PPM (P6) or PGM (P5)");
  Picture picture{.width = number(file), .height = number(file)};
  const int64_t largest = number(file), channels = kind == '6' ? 3 : 1;
  if (picture.width < 1 || picture.width > kLargest || picture.height < 1 || picture.height > kLargest)
    throw vh::data_error(path,
                         vh::str("has sides of ", picture.width, " x ", picture.height, "; want 1 to ", kLargest));
  if (largest != 255) throw vh::data_error(path, vh::str("has values up to ", largest, "; want 255, 8 bits"));
  std::vector<uint8_t> bytes(static_cast<size_t>(picture.width * picture.height * channels));
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (file.gcount() != static_cast<std::streamsize>(bytes.size()))
    throw vh::data_error(path, vh::str("ends after ", file.gcount(), " of ", bytes.size(), " bytes of pixels"));
  if (channels == 3) {
    picture.rgb = std::move(bytes);
  } else {
    for (const uint8_t grey : bytes) picture.rgb.insert(picture.rgb.end(), 3, grey);
  }
  return picture;
}

}  // namespace frames
