// GIF by giflib: the first picture.
#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "bytes.h"

namespace imagenet {
namespace {

struct Close {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using Gif = std::unique_ptr<GifFileType, Close>;

int read_bytes(GifFileType* gif, GifByteType* to, int n) {
  auto* in = static_cast<ByteReader*>(gif->UserData);
  size_t take = std::min(static_cast<size_t>(std::max(n, 0)), in->left());
  if (take) std::memcpy(to, in->take(take).data(), take);
  return static_cast<int>(take);
}

std::string cause(int error) {
  const char* text = GifErrorString(error);
  return std::string("is damaged: ") + (text ? text : "giflib can't decode it");
}

// Reads up to the first picture's description.
void find_picture(GifFileType* gif) {
  for (;;) {
    GifRecordType type;
    if (DGifGetRecordType(gif, &type) == GIF_ERROR) throw DecodeError(cause(gif->Error));
    if (type == TERMINATE_RECORD_TYPE) throw DecodeError("is damaged: holds no picture");
    if (type == IMAGE_DESC_RECORD_TYPE) {
      if (DGifGetImageDesc(gif) == GIF_ERROR) throw DecodeError(cause(gif->Error));
      return;
    }
    GifByteType* extension = nullptr;
    int code = 0;
    int status = type == EXTENSION_RECORD_TYPE ? DGifGetExtension(gif, &code, &extension) : GIF_OK;
    while (status == GIF_OK && extension) status = DGifGetExtensionNext(gif, &extension);
    if (status == GIF_ERROR) throw DecodeError(cause(gif->Error));
  }
}

// Where the n-th line of an interlaced picture lies.
class Interlace {
 public:
  Interlace(int height, bool on) : height_(height), on_(on) {}
  int next() {
    constexpr int kStart[4] = {0, 4, 2, 1}, kStep[4] = {8, 8, 4, 2};
    if (!on_) return y_++;
    int y = y_;
    y_ += kStep[pass_];
    while (y_ >= height_ && pass_ < 3) y_ = kStart[++pass_];
    return y;
  }

 private:
  int height_, y_ = 0, pass_ = 0;
  bool on_;
};

void fill(Picture& picture, const ColorMapObject* colours, int background) {
  if (!colours || background >= colours->ColorCount) return;
  const GifColorType& c = colours->Colors[background];
  for (size_t i = 0; i < picture.rgb.size(); i += 3)
    picture.rgb[i] = c.Red, picture.rgb[i + 1] = c.Green, picture.rgb[i + 2] = c.Blue;
}

void read_lines(GifFileType* gif, const ColorMapObject& colours, const DecodeLimits& limits, Picture& picture) {
  const GifImageDesc& at = gif->Image;
  Interlace lines(at.Height, at.Interlace);
  std::vector<GifPixelType> line(static_cast<size_t>(at.Width));
  for (int i = 0; i < at.Height; ++i) {
    if (DGifGetLine(gif, line.data(), at.Width) == GIF_ERROR) {
      if (limits.accept_damaged) return;
      throw DecodeError(cause(gif->Error));
    }
    int64_t y = at.Top + lines.next();
    if (y >= picture.height) continue;
    int64_t n = std::clamp<int64_t>(picture.width - at.Left, 0, at.Width);
    uint8_t* out = picture.rgb.data() + (y * picture.width + std::min<int64_t>(at.Left, picture.width)) * 3;
    for (int64_t x = 0; x < n; ++x, out += 3) {
      int index = line[static_cast<size_t>(x)];
      GifColorType c = index < colours.ColorCount ? colours.Colors[index] : GifColorType{0, 0, 0};
      out[0] = c.Red, out[1] = c.Green, out[2] = c.Blue;
    }
  }
}

}  // namespace

Stored decode_gif(Bytes bytes, const DecodeLimits& limits) {
  ByteReader in(bytes);
  int error = 0;
  Gif gif(DGifOpen(&in, read_bytes, &error));
  if (!gif) throw DecodeError(cause(error));
  find_picture(gif.get());
  Stored out;
  out.picture.width = gif->SWidth, out.picture.height = gif->SHeight;
  check_size(out.picture.width, out.picture.height, limits);
  check_size(gif->Image.Width, gif->Image.Height, limits);
  const ColorMapObject* colours = gif->Image.ColorMap ? gif->Image.ColorMap : gif->SColorMap;
  if (!colours) throw DecodeError("is damaged: has no palette");
  out.picture.rgb.resize(static_cast<size_t>(out.picture.width * out.picture.height * 3));
  fill(out.picture, gif->SColorMap, gif->SBackGroundColor);
  read_lines(gif.get(), *colours, limits, out.picture);
  return out;
}

}  // namespace imagenet
