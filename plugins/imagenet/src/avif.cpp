// AVIF by libavif.
#include <avif/avif.h>

#include <algorithm>
#include <memory>

#include "exif.h"

namespace imagenet {
namespace {

struct Destroy {
  void operator()(avifDecoder* decoder) const { avifDecoderDestroy(decoder); }
};

void check(avifResult result, const avifDecoder& decoder) {
  if (result == AVIF_RESULT_OK) return;
  std::string detail = decoder.diag.error;
  throw DecodeError(std::string("is damaged: ") + avifResultToString(result) + (detail.empty() ? "" : ": " + detail));
}

// By way of RGBA: into RGB libavif multiplies colours by alpha.
std::vector<uint8_t> rgb_of(const avifImage& image, const avifDecoder& decoder) {
  bool alpha = image.alphaPlane;
  avifRGBImage rgb;
  avifRGBImageSetDefaults(&rgb, &image);
  rgb.format = alpha ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB, rgb.depth = 8;
  rgb.rowBytes = image.width * (alpha ? 4 : 3);
  std::vector<uint8_t> pixels(size_t{rgb.rowBytes} * image.height);
  rgb.pixels = pixels.data();
  check(avifImageYUVToRGB(&image, &rgb), decoder);
  if (!alpha) return pixels;
  size_t n = size_t{image.width} * image.height;
  for (size_t i = 0; i < n; ++i) std::copy_n(pixels.data() + i * 4, 3, pixels.data() + i * 3);
  pixels.resize(n * 3);
  return pixels;
}

// The container's own turning, which overrules EXIF's: first anti-clockwise by irot, then mirrored.
Picture turn(Picture picture, const avifImage& image) {
  constexpr int kQuarterTurns[4] = {1, 8, 3, 6};
  constexpr int kTopToBottom = 4, kLeftToRight = 2;
  if (image.transformFlags & AVIF_TRANSFORM_IROT)
    picture = orient(std::move(picture), kQuarterTurns[image.irot.angle & 3]);
  if (image.transformFlags & AVIF_TRANSFORM_IMIR)
    picture = orient(std::move(picture), image.imir.mode == 0 ? kTopToBottom : kLeftToRight);
  return picture;
}

}  // namespace

Stored decode_avif(Bytes bytes, const DecodeLimits& limits) {
  std::unique_ptr<avifDecoder, Destroy> decoder(avifDecoderCreate());
  if (!decoder) throw std::bad_alloc();
  decoder->ignoreExif = decoder->ignoreXMP = AVIF_TRUE;
  decoder->strictFlags = AVIF_STRICT_DISABLED;
  decoder->imageSizeLimit = static_cast<uint32_t>(std::min<int64_t>(limits.max_pixels, AVIF_DEFAULT_IMAGE_SIZE_LIMIT));
  check(avifDecoderSetIOMemory(decoder.get(), bytes.data(), bytes.size()), *decoder);
  check(avifDecoderParse(decoder.get()), *decoder);
  check_size(decoder->image->width, decoder->image->height, limits);
  check(avifDecoderNextImage(decoder.get()), *decoder);
  const avifImage& image = *decoder->image;
  Stored out;
  out.picture.width = image.width, out.picture.height = image.height;
  out.picture.rgb = rgb_of(image, *decoder);
  out.picture = turn(std::move(out.picture), image);
  return out;
}

}  // namespace imagenet
