#include "decode.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "exif.h"

namespace imagenet {
namespace {

Stored decode_whole(Format format, Bytes bytes, const DecodeLimits& limits) {
  switch (format) {
    case Format::kPng:
      return decode_png(bytes, limits);
    case Format::kWebp:
      return decode_webp(bytes, limits);
    case Format::kBmp:
      return decode_bmp(bytes, limits);
    case Format::kPnm:
      return decode_pnm(bytes, limits);
    case Format::kTiff:
      return decode_tiff(bytes, limits);
    case Format::kGif:
      return decode_gif(bytes, limits);
    case Format::kAvif:
      return decode_avif(bytes, limits);
    case Format::kJpeg:
      break;
  }
  throw DecodeError("is a JPEG");
}

// [begin, end) moved outwards to multiples of `step`, but not beyond `limit`.
Rect outwards(const Rect& rect, int64_t step, int64_t width, int64_t height) {
  int64_t x = rect.x / step * step, y = rect.y / step * step,
          right = std::min((rect.x + rect.width + step - 1) / step * step, width),
          below = std::min((rect.y + rect.height + step - 1) / step * step, height);
  return {x, y, right - x, below - y};
}

std::string start_of(Bytes bytes) {
  std::string text;
  for (uint8_t c : bytes.first(std::min<size_t>(bytes.size(), 8)))
    text += c >= 32 && c < 127 ? static_cast<char>(c) : '.';
  return text;
}

}  // namespace

Picture pack(const PictureView& from) {
  Picture to;
  to.width = from.width, to.height = from.height;
  auto row = static_cast<size_t>(from.width) * 3;
  to.rgb.resize(row * static_cast<size_t>(from.height));
  for (int64_t y = 0; y < from.height; ++y)
    std::memcpy(to.rgb.data() + static_cast<size_t>(y) * row, from.rgb + y * from.stride, row);
  return to;
}

void check_size(int64_t width, int64_t height, const DecodeLimits& limits) {
  if (width < 1 || height < 1) throw DecodeError("has no pixels");
  if (width > limits.max_pixels / height)
    throw DecodeError("has " + std::to_string(width) + " x " + std::to_string(height) +
                      " pixels, more than max_pixels, " + std::to_string(limits.max_pixels));
}

std::optional<Format> format_of(Bytes bytes) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  auto at = [&](size_t offset, std::string_view what) {
    return text.size() >= offset && text.substr(offset).starts_with(what);
  };
  using namespace std::string_view_literals;
  if (at(0, "\xff\xd8\xff")) return Format::kJpeg;
  if (at(0, "\x89PNG\r\n\x1a\n")) return Format::kPng;
  if (at(0, "RIFF") && at(8, "WEBP")) return Format::kWebp;
  if (at(0, "BM")) return Format::kBmp;
  if (at(0, "P") && text.size() > 2 && text[1] >= '1' && text[1] <= '6' && std::strchr(" \t\r\n#", text[2]))
    return Format::kPnm;
  if (at(0, "II*\0"sv) || at(0, "MM\0*"sv) || at(0, "II+\0"sv) || at(0, "MM\0+"sv)) return Format::kTiff;
  if (at(0, "GIF87a") || at(0, "GIF89a")) return Format::kGif;
  if (at(4, "ftypavif") || at(4, "ftypavis") || at(4, "ftypmif1")) return Format::kAvif;
  return std::nullopt;
}

Image::Image(Bytes bytes, const DecodeLimits& limits) {
  if (bytes.empty()) throw DecodeError("is empty");
  auto format = format_of(bytes);
  if (!format)
    throw DecodeError("is no image of a known kind (JPEG, PNG, WebP, BMP, PNM, TIFF, GIF, AVIF): begins with '" +
                      start_of(bytes) + "'");
  if (format == Format::kJpeg) {
    jpeg_ = std::make_unique<Jpeg>(bytes, limits);
    return;
  }
  Stored stored = decode_whole(*format, bytes, limits);
  picture_ = orient(std::move(stored.picture), stored.orientation);
}

int64_t Image::width() const {
  return !jpeg_ ? picture_.width : turned(jpeg_->orientation()) ? jpeg_->height() : jpeg_->width();
}
int64_t Image::height() const {
  return !jpeg_ ? picture_.height : turned(jpeg_->orientation()) ? jpeg_->width() : jpeg_->height();
}

int64_t Image::shrink_for(int64_t width, int64_t height, int64_t size) const {
  int64_t shrink = 1;
  while (jpeg_ && shrink < 8 && std::min(width, height) >= size * shrink * 2) shrink *= 2;
  return shrink;
}

Region Image::decode(const Rect& rect, int64_t shrink) const {
  if (!jpeg_) return {{pack(vh::media::view(picture_, rect)), {0, 0, rect.width, rect.height}}, rect.x, rect.y, 1};
  int64_t w = jpeg_->width(), h = jpeg_->height();
  int orientation = jpeg_->orientation();
  Rect stored = outwards(stored_rect(rect, orientation, w, h), shrink, w, h);
  Part part = jpeg_->decode(stored, shrink);
  if (orientation != 1) {
    part.picture = orient(pack(vh::media::view(part.picture, part.inside)), orientation);
    part.inside = {0, 0, part.picture.width, part.picture.height};
  }
  Rect covered = {stored.x, stored.y, (stored.width + shrink - 1) / shrink * shrink,
                  (stored.height + shrink - 1) / shrink * shrink};
  Rect seen = seen_rect(covered, orientation, w, h);
  return {std::move(part), seen.x, seen.y, shrink};
}

RegionView cut(const Region& from, const Rect& rect) {
  int64_t s = from.shrink;
  Rect inside = {(rect.x - from.x) / s, (rect.y - from.y) / s, 0, 0};
  inside.width = (rect.x + rect.width - from.x + s - 1) / s - inside.x;
  inside.height = (rect.y + rect.height - from.y + s - 1) / s - inside.y;
  RegionView out{{}, from.x + inside.x * s, from.y + inside.y * s, s};
  inside.x += from.part.inside.x, inside.y += from.part.inside.y;
  out.pixels = vh::media::view(from.part.picture, inside);
  return out;
}

Rect hull(const Rect& a, const Rect& b) {
  int64_t x = std::min(a.x, b.x), y = std::min(a.y, b.y);
  return {x, y, std::max(a.x + a.width, b.x + b.width) - x, std::max(a.y + a.height, b.y + b.height) - y};
}

std::vector<uint8_t> read_file(const std::string& path) {
  struct File {
    int descriptor;
    ~File() {
      if (descriptor >= 0) ::close(descriptor);
    }
  } file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  auto fail = [](const char* what) { throw DecodeError(std::string(what) + ": " + std::strerror(errno)); };
  struct stat status = {};
  if (file.descriptor < 0 || ::fstat(file.descriptor, &status)) fail("can't be opened");
  if (!S_ISREG(status.st_mode)) throw DecodeError(S_ISDIR(status.st_mode) ? "is a folder" : "is no regular file");
  std::vector<uint8_t> bytes(static_cast<size_t>(status.st_size));
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t n = ::read(file.descriptor, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("can't be read");
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace imagenet
