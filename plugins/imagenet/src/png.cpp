// PNG by libpng.
#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "exif.h"

namespace imagenet {
namespace {

struct Errors {
  std::jmp_buf jump;
  char text[256] = "";
};

struct Source {
  Bytes bytes;
  size_t at = 0;
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto* errors = static_cast<Errors*>(png_get_error_ptr(png));
  std::snprintf(errors->text, sizeof errors->text, "%s", text);
  std::longjmp(errors->jump, 1);
}
void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep to, size_t n) {
  auto* source = static_cast<Source*>(png_get_io_ptr(png));
  if (n > source->bytes.size() - source->at) png_error(png, "the file ends in the middle of the picture");
  std::memcpy(to, source->bytes.data() + source->at, n);
  source->at += n;
}

class Reader {
 public:
  explicit Reader(Bytes bytes) : source_{bytes} {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &errors_, on_error, on_warning);
    if (png_) info_ = png_create_info_struct(png_);
    if (!info_) throw std::bad_alloc();
    png_set_read_fn(png_, &source_, read_bytes);
  }
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Reader(const Reader&) = delete;

  png_structp png() const { return png_; }
  png_infop info() const { return info_; }
  const char* text() const { return errors_.text; }

  // False where libpng raised an error. `calls` owns nothing: a longjmp leaves it.
  template <class F>
  [[gnu::noinline]] bool guard(F&& calls) {
    if (setjmp(errors_.jump)) return false;
    calls();
    return true;
  }

 private:
  Errors errors_;
  Source source_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
};

// Eight-bit RGB, whatever is stored.
void set_transforms(png_structp png, png_infop info) {
  png_set_scale_16(png);
  if (png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (!(png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR)) {
    if (png_get_bit_depth(png, info) < 8) png_set_expand_gray_1_2_4_to_8(png);
    png_set_gray_to_rgb(png);
  }
  png_set_strip_alpha(png);
}

int orientation_of(Reader& reader) {
  png_uint_32 n = 0;
  png_bytep exif = nullptr;
  return png_get_eXIf_1(reader.png(), reader.info(), &n, &exif) ? exif_orientation({exif, n}) : 1;
}

}  // namespace

Stored decode_png(Bytes bytes, const DecodeLimits& limits) {
  Reader reader(bytes);
  png_structp png = reader.png();
  png_infop info = reader.info();
  bool read = reader.guard([&] {
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
    if (limits.accept_damaged) png_set_crc_action(png, PNG_CRC_WARN_USE, PNG_CRC_WARN_DISCARD);
    png_read_info(png, info);
  });
  if (!read) throw DecodeError(std::string("is damaged: ") + reader.text());
  Stored out;
  out.picture.width = png_get_image_width(png, info), out.picture.height = png_get_image_height(png, info);
  check_size(out.picture.width, out.picture.height, limits);
  out.picture.rgb.resize(static_cast<size_t>(out.picture.width * out.picture.height * 3));
  bool whole = reader.guard([&] {
    set_transforms(png, info);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    size_t row = static_cast<size_t>(out.picture.width) * 3;
    if (png_get_rowbytes(png, info) != row) png_error(png, "has rows of an unexpected length");
    for (int pass = 0; pass < passes; ++pass)
      for (int64_t y = 0; y < out.picture.height; ++y)
        png_read_row(png, out.picture.rgb.data() + static_cast<size_t>(y) * row, nullptr);
  });
  if (!whole && !limits.accept_damaged) throw DecodeError(std::string("is damaged: ") + reader.text());
  if (whole)
    reader.guard([&] { png_read_end(png, info); });  // an orientation may come last; what's wrong there doesn't matter
  out.orientation = orientation_of(reader);
  return out;
}

}  // namespace imagenet
