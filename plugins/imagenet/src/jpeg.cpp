#include "jpeg.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "exif.h"
#include "libjpeg.h"

namespace imagenet {
namespace {

constexpr int kMaxScans = 500;  // a progressive file needs about ten; thousands are an attack
constexpr JOCTET kEndMarker[2] = {0xff, JPEG_EOI};

struct Errors {
  jpeg_error_mgr base;
  std::jmp_buf jump;
  char fatal[JMSG_LENGTH_MAX], damage[JMSG_LENGTH_MAX];  // damage: the first
  bool at_end;                                           // libjpeg asked for more than the file has
};

[[noreturn]] void on_error(j_common_ptr info) {
  auto* errors = reinterpret_cast<Errors*>(info->err);
  errors->base.format_message(info, errors->fatal);
  std::longjmp(errors->jump, 1);
}

// Warnings that leave the pixels right.
bool harmless(int code) {
  return code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM ||
         code == JWRN_BOGUS_PROGRESSION || code == JWRN_TOO_MUCH_DATA;
}

void on_message(j_common_ptr info, int level) {
  auto* errors = reinterpret_cast<Errors*>(info->err);
  if (level < 0 && !errors->damage[0] && !harmless(errors->base.msg_code))
    errors->base.format_message(info, errors->damage);
}

void on_progress(j_common_ptr info) {
  if (!info->is_decompressor || reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMaxScans) return;
  auto* errors = reinterpret_cast<Errors*>(info->err);
  std::snprintf(errors->fatal, sizeof errors->fatal, "more than %d scans", kMaxScans);
  std::longjmp(errors->jump, 1);
}

// libjpeg's own memory source warns at the end of the data even if no bit of it was missing.
boolean refill(j_decompress_ptr info) {
  reinterpret_cast<Errors*>(info->err)->at_end = true;
  info->src->next_input_byte = kEndMarker;
  info->src->bytes_in_buffer = 2;
  return TRUE;
}
void skip_input(j_decompress_ptr info, long n) {
  if (n <= 0) return;
  size_t bytes = std::min(static_cast<size_t>(n), info->src->bytes_in_buffer);
  info->src->next_input_byte += bytes;
  info->src->bytes_in_buffer -= bytes;
}

class Reader {
 public:
  explicit Reader(Bytes bytes) {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = on_error;
    errors_.base.emit_message = on_message;
    errors_.fatal[0] = errors_.damage[0] = 0, errors_.at_end = false;
    guard([&] {
      jpeg_create_decompress(&info_);
      source_ = {};
      source_.next_input_byte = bytes.data();
      source_.bytes_in_buffer = bytes.size();
      source_.init_source = [](j_decompress_ptr) {};
      source_.fill_input_buffer = refill;
      source_.skip_input_data = skip_input;
      source_.resync_to_restart = jpeg_resync_to_restart;
      source_.term_source = [](j_decompress_ptr) {};
      info_.src = &source_;
      progress_ = {};
      progress_.progress_monitor = on_progress;
      info_.progress = &progress_;
    });
  }
  ~Reader() { jpeg_destroy_decompress(&info_); }
  Reader(const Reader&) = delete;

  jpeg_decompress_struct* operator->() { return &info_; }
  j_decompress_ptr get() { return &info_; }
  const char* damage() const { return errors_.damage; }
  bool at_end() const { return errors_.at_end; }

  // Calls libjpeg; what it raises comes out as DecodeError. `calls` owns nothing: a longjmp leaves it.
  template <class F>
  [[gnu::noinline]] void guard(F&& calls) {
    if (setjmp(errors_.jump)) throw DecodeError(errors_.fatal);
    calls();
  }

 private:
  jpeg_decompress_struct info_ = {};
  Errors errors_;
  jpeg_source_mgr source_;
  jpeg_progress_mgr progress_;
};

int orientation_of(j_decompress_ptr info) {
  for (const auto* marker = info->marker_list; marker; marker = marker->next)
    if (marker->data_length > 6 && !std::memcmp(marker->data, "Exif\0\0", 6))
      return exif_orientation({marker->data + 6, marker->data_length - 6});
  return 1;
}

bool has_end_marker(Bytes bytes) {
  constexpr size_t kTail = 65536;
  size_t stop = bytes.size() > kTail ? bytes.size() - kTail : 0;
  for (size_t i = bytes.size(); i >= stop + 2; --i)
    if (bytes[i - 2] == kEndMarker[0] && bytes[i - 1] == kEndMarker[1]) return true;
  return false;
}

uint8_t scaled(unsigned a, unsigned b) {  // a * b / 255, rounded
  unsigned t = a * b + 128;
  return static_cast<uint8_t>((t + (t >> 8)) >> 8);
}

// Inks as JPEG stores them: inverted, 255 = none.
void cmyk_to_rgb(const uint8_t* from, int64_t n, uint8_t* to) {
  for (; n; --n, from += 4, to += 3)
    for (int c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>(std::max(from[3] - scaled(255u - from[c], from[3]), 0));
}

// Which part of the scaled picture libjpeg is to make.
struct Window {
  int64_t x, y, width, height;  // wanted, in scaled pixels
  JDIMENSION left, columns;     // made: whole MCUs, with the neighbours that smooth chroma upsampling looks at
};

void read_rows(Reader& reader, const Window& window, Picture& out) {
  auto* info = reader.get();
  bool cmyk = info->out_color_space == JCS_CMYK;
  std::vector<uint8_t> inks(cmyk ? size_t{info->output_width} * 4 : 0);
  const size_t row = size_t{info->output_width} * 3;
  reader.guard([&] {
    if (window.y) jpeg_skip_scanlines(info, static_cast<JDIMENSION>(window.y));
    for (int64_t y = 0; y < window.height; ++y) {
      uint8_t* to = out.rgb.data() + static_cast<size_t>(y) * row;
      JSAMPROW pointer = cmyk ? inks.data() : to;
      if (!jpeg_read_scanlines(info, &pointer, 1)) return;
      if (cmyk) cmyk_to_rgb(inks.data(), info->output_width, to);
    }
  });
}

void read_to_the_end(Reader& reader) {
  std::vector<uint8_t> row(size_t{reader->output_width} * static_cast<size_t>(reader->output_components));
  reader.guard([&] {
    JSAMPROW pointer = row.data();
    while (reader->output_scanline < reader->output_height) jpeg_read_scanlines(reader.get(), &pointer, 1);
  });
}

Window start(Reader& reader, const Rect& rect, int64_t shrink) {
  auto* info = reader.get();
  Window window = {
      rect.x / shrink, rect.y / shrink, (rect.width + shrink - 1) / shrink, (rect.height + shrink - 1) / shrink, 0, 0};
  reader.guard([&] {
    info->scale_num = 1, info->scale_denom = static_cast<unsigned>(shrink);
    bool four = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
    info->out_color_space = four ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(info);
    constexpr int64_t kNeighbours = 2;
    int64_t left = std::max<int64_t>(window.x - kNeighbours, 0),
            right = std::min<int64_t>(window.x + window.width + kNeighbours, info->output_width);
    window.left = static_cast<JDIMENSION>(left), window.columns = static_cast<JDIMENSION>(right - left);
    if (window.columns < info->output_width) jpeg_crop_scanline(info, &window.left, &window.columns);
  });
  return window;
}

}  // namespace

Jpeg::Jpeg(Bytes bytes, const DecodeLimits& limits) : bytes_(bytes), limits_(limits) {
  Reader reader(bytes);
  reader.guard([&] {
    jpeg_save_markers(reader.get(), JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(reader.get(), TRUE);
  });
  width_ = reader->image_width, height_ = reader->image_height;
  check_size(width_, height_, limits);
  orientation_ = orientation_of(reader.get());
  ended_ = has_end_marker(bytes);
}

Part Jpeg::decode(const Rect& rect, int64_t shrink) const {
  Reader reader(bytes_);
  reader.guard([&] { jpeg_read_header(reader.get(), TRUE); });
  Window window = start(reader, rect, shrink);
  bool scans_missing = jpeg_has_multiple_scans(reader.get()) && reader.at_end();
  Part out;
  out.picture.width = reader->output_width, out.picture.height = window.height;
  out.picture.rgb.resize(static_cast<size_t>(out.picture.width * out.picture.height * 3));
  out.inside = {window.x - window.left, 0, window.width, window.height};
  read_rows(reader, window, out.picture);
  if (!ended_) read_to_the_end(reader);
  if (limits_.accept_damaged) return out;
  if (scans_missing) throw DecodeError("is damaged: the file ends before the last scan");
  if (reader.damage()[0]) throw DecodeError(std::string("is damaged: ") + reader.damage());
  return out;
}

}  // namespace imagenet
