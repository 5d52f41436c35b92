#include "report/picture.h"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "base/files.h"

namespace vhost {
namespace {

void put_big_endian(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

void put_chunk(std::string& out, const char* type, const std::string& data) {
  put_big_endian(out, static_cast<uint32_t>(data.size()));
  const std::string body = type + data;
  out += body;
  put_big_endian(out, static_cast<uint32_t>(
                          crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()))));
}

int paeth(int left, int up, int corner) {
  const int estimate = left + up - corner;
  const int by_left = std::abs(estimate - left), by_up = std::abs(estimate - up),
            by_corner = std::abs(estimate - corner);
  if (by_left <= by_up && by_left <= by_corner) return left;
  return by_up <= by_corner ? up : corner;
}

// Each row by the filter (PNG 1.2, section 6) whose result has the smallest sum of magnitudes.
std::string filtered_rows(const Picture& picture) {
  const size_t stride = static_cast<size_t>(picture.width) * 3;
  const std::vector<uint8_t> zeros(stride, 0);
  std::string out, best, row(stride + 1, 0);
  out.reserve((stride + 1) * static_cast<size_t>(picture.height));
  for (int y = 0; y < picture.height; ++y) {
    const uint8_t* now = picture.rgb.data() + static_cast<size_t>(y) * stride;
    const uint8_t* above = y > 0 ? now - stride : zeros.data();
    int64_t best_sum = -1;
    for (int filter = 0; filter < 5; ++filter) {
      int64_t sum = 0;
      row[0] = static_cast<char>(filter);
      for (size_t i = 0; i < stride; ++i) {
        const int left = i >= 3 ? now[i - 3] : 0, up = above[i], corner = i >= 3 ? above[i - 3] : 0;
        const int guesses[] = {0, left, up, (left + up) / 2, filter == 4 ? paeth(left, up, corner) : 0};
        const auto rest = static_cast<int8_t>(now[i] - guesses[filter]);
        row[i + 1] = static_cast<char>(rest);
        sum += std::abs(static_cast<int>(rest));
      }
      if (best_sum >= 0 && sum >= best_sum) continue;
      best_sum = sum;
      best = row;
    }
    out += best;
  }
  return out;
}

std::string deflated(const std::string& bytes) {
  uLongf size = compressBound(static_cast<uLong>(bytes.size()));
  std::string out(size, 0);
  const int status = compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                               reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uLong>(bytes.size()), 6);
  if (status != Z_OK) throw Error("zlib could not compress a picture (status " + std::to_string(status) + ")");
  out.resize(size);
  return out;
}

void check(const Picture& picture) {
  const size_t wanted =
      static_cast<size_t>(std::max(0, picture.width)) * static_cast<size_t>(std::max(0, picture.height)) * 3;
  if (wanted > 0 && picture.rgb.size() == wanted) return;
  throw Error("a picture of " + std::to_string(picture.width) + " x " + std::to_string(picture.height) +
              " pixels has " + std::to_string(picture.rgb.size()) + " bytes, not " + std::to_string(wanted));
}

}  // namespace

Picture::Picture(int w, int h, std::array<uint8_t, 3> color)
    : width(w), height(h), rgb(static_cast<size_t>(w) * static_cast<size_t>(h) * 3) {
  for (size_t i = 0; i < rgb.size(); ++i) rgb[i] = color[i % 3];
}

std::string png_bytes(const Picture& picture) {
  check(picture);
  std::string header;
  put_big_endian(header, static_cast<uint32_t>(picture.width));
  put_big_endian(header, static_cast<uint32_t>(picture.height));
  header += std::string("\x08\x02\x00\x00\x00", 5);  // 8 bits, RGB, deflate, adaptive filters, not interlaced
  std::string out("\x89PNG\r\n\x1a\n", 8);
  put_chunk(out, "IHDR", header);
  put_chunk(out, "IDAT", deflated(filtered_rows(picture)));
  put_chunk(out, "IEND", "");
  return out;
}

void write_png(const std::filesystem::path& path, const Picture& picture) {
  write_file_atomically(path, png_bytes(picture));
}

Picture resized(const Picture& picture, int width, int height) {
  check(picture);
  if (width == picture.width && height == picture.height) return picture;
  Picture out(std::max(1, width), std::max(1, height));
  const double sx = static_cast<double>(picture.width) / out.width,
               sy = static_cast<double>(picture.height) / out.height;
  const auto covered = [](int at, double scale, int limit) {  // first and end of the pixels that a target pixel covers
    if (scale < 1) {
      const int nearest = std::min(limit - 1, static_cast<int>((at + 0.5) * scale));
      return std::pair(nearest, nearest + 1);
    }
    const int first = std::min(limit - 1, static_cast<int>(at * scale + 1e-9));
    return std::pair(first, std::clamp(static_cast<int>(std::ceil((at + 1) * scale - 1e-9)), first + 1, limit));
  };
  for (int y = 0; y < out.height; ++y) {
    const auto [y0, y1] = covered(y, sy, picture.height);
    for (int x = 0; x < out.width; ++x) {
      const auto [x0, x1] = covered(x, sx, picture.width);
      int64_t sum[3] = {0, 0, 0};
      for (int v = y0; v < y1; ++v)
        for (int u = x0; u < x1; ++u)
          for (size_t c = 0; c < 3; ++c) sum[c] += picture.rgb[(static_cast<size_t>(v) * picture.width + u) * 3 + c];
      const int64_t count = static_cast<int64_t>(y1 - y0) * (x1 - x0);
      for (size_t c = 0; c < 3; ++c)
        out.rgb[(static_cast<size_t>(y) * out.width + x) * 3 + c] = static_cast<uint8_t>((sum[c] + count / 2) / count);
    }
  }
  return out;
}

}  // namespace vhost
