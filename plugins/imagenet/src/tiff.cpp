// TIFF by libtiff: the first directory.
#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>

#include "formats.h"

namespace imagenet {
namespace {

struct Source {
  Bytes bytes;
  uint64_t at = 0;
  char error[256] = "";  // the first
};

tmsize_t read_bytes(thandle_t handle, void* to, tmsize_t n) {
  auto& source = *static_cast<Source*>(handle);
  if (source.at >= source.bytes.size() || n <= 0) return 0;
  auto take = std::min(static_cast<size_t>(n), source.bytes.size() - static_cast<size_t>(source.at));
  std::memcpy(to, source.bytes.data() + source.at, take);
  source.at += take;
  return static_cast<tmsize_t>(take);
}
tmsize_t write_bytes(thandle_t, void*, tmsize_t) {
  return 0;
}
toff_t seek(thandle_t handle, toff_t offset, int whence) {
  auto& source = *static_cast<Source*>(handle);
  source.at = offset + (whence == SEEK_CUR ? source.at : whence == SEEK_END ? source.bytes.size() : 0);
  return source.at;
}
int close_file(thandle_t) {
  return 0;
}
toff_t size_of(thandle_t handle) {
  return static_cast<Source*>(handle)->bytes.size();
}

int on_error(TIFF*, void* user, const char*, const char* format, va_list values) {
  auto& source = *static_cast<Source*>(user);
  if (!source.error[0]) std::vsnprintf(source.error, sizeof source.error, format, values);
  return 1;
}
int on_warning(TIFF*, void*, const char*, const char*, va_list) {
  return 1;
}

struct FreeOptions {
  void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};
struct Close {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
using Tiff = std::unique_ptr<TIFF, Close>;

Tiff open(Source& source, const DecodeLimits& limits) {
  std::unique_ptr<TIFFOpenOptions, FreeOptions> options(TIFFOpenOptionsAlloc());
  if (!options) throw std::bad_alloc();
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_error, &source);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), on_warning, nullptr);
  constexpr int64_t kBytesPerPixel = 16;
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), limits.max_pixels * kBytesPerPixel);
  return Tiff(TIFFClientOpenExt("image", "rm", &source, read_bytes, write_bytes, seek, close_file, size_of, nullptr,
                                nullptr, options.get()));
}

struct RgbaImage {
  TIFFRGBAImage image;
  char error[1024] = "";
  bool begun;
  RgbaImage(TIFF* tiff, bool stop_on_error) : begun(TIFFRGBAImageBegin(&image, tiff, stop_on_error, error)) {}
  ~RgbaImage() {
    if (begun) TIFFRGBAImageEnd(&image);
  }
  RgbaImage(const RgbaImage&) = delete;
};

// libtiff multiplies colours by alpha unless it's told that they are already.
void keep_colours(TIFF* tiff) {
  uint16_t n = 0, *kinds = nullptr;
  if (!TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &n, &kinds) || n == 0) return;
  std::vector<uint16_t> associated(kinds, kinds + n);
  std::replace(associated.begin(), associated.end(), uint16_t{EXTRASAMPLE_UNASSALPHA},
               uint16_t{EXTRASAMPLE_ASSOCALPHA});
  TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, n, associated.data());
}

}  // namespace

Stored decode_tiff(Bytes bytes, const DecodeLimits& limits) {
  Source source{bytes};
  auto fail = [&](const std::string& what) {
    throw DecodeError(what + (source.error[0] ? source.error : "libtiff can't read it"));
  };
  Tiff tiff = open(source, limits);
  if (!tiff) fail("is damaged: ");
  Stored out;
  uint32_t width = 0, height = 0;
  uint16_t orientation = 1;
  TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &height);
  TIFFGetField(tiff.get(), TIFFTAG_ORIENTATION, &orientation);
  check_size(width, height, limits);
  keep_colours(tiff.get());
  RgbaImage rgba(tiff.get(), !limits.accept_damaged);
  if (!rgba.begun) throw DecodeError(std::string("can't be decoded: ") + rgba.error);
  rgba.image.req_orientation = rgba.image.orientation;
  std::vector<uint32_t> raster(static_cast<size_t>(width) * height);
  if (!TIFFRGBAImageGet(&rgba.image, raster.data(), width, height)) fail("is damaged: ");
  out.picture.width = width, out.picture.height = height;
  out.picture.rgb.resize(raster.size() * 3);
  uint8_t* to = out.picture.rgb.data();
  for (uint32_t pixel : raster) {
    *to++ = static_cast<uint8_t>(TIFFGetR(pixel));
    *to++ = static_cast<uint8_t>(TIFFGetG(pixel));
    *to++ = static_cast<uint8_t>(TIFFGetB(pixel));
  }
  out.orientation = orientation >= 1 && orientation <= 8 ? orientation : 1;
  return out;
}

}  // namespace imagenet
