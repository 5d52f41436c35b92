#include "convert.h"

#include <algorithm>
#include <cstring>

#include "decoder.h"

namespace kinetics {
namespace {

bool is_full_range(const AVFrame& frame) {
  switch (frame.format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ411P:
      return true;
    default:
      return frame.color_range == AVCOL_RANGE_JPEG;
  }
}

// The rectangle before the frame is turned clockwise; w, h: size of the coded picture.
Rect unrotate(Rect r, int rotation, int64_t w, int64_t h) {
  switch (rotation) {
    case 90:
      return {r.y, h - r.x - r.width, r.height, r.width};
    case 180:
      return {w - r.x - r.width, h - r.y - r.height, r.width, r.height};
    case 270:
      return {w - r.y - r.height, r.x, r.height, r.width};
    default:
      return r;
  }
}

}  // namespace

Converter::Converter(Rect rect, int rotation, bool mirror, int width, int height)
    : rect_(rect), rotation_(rotation), mirror_(mirror), width_(width), height_(height) {}

void Converter::prepare(const AVFrame& frame) {
  bool full = is_full_range(frame);
  if (scaler_ && frame.format == frame_format_ && frame.width == frame_width_ && frame.height == frame_height_ &&
      frame.colorspace == frame_space_ && full == frame_range_)
    return;
  const AVPixFmtDescriptor* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  if (!format || !sws_isSupportedInput(static_cast<AVPixelFormat>(frame.format)))
    throw DecodeError("pixel format " + std::string(format ? format->name : "?") + " is not supported");
  coded_ = unrotate(rect_, rotation_, frame.width, frame.height);
  coded_.width = std::clamp<int64_t>(coded_.width, 1, frame.width);
  coded_.height = std::clamp<int64_t>(coded_.height, 1, frame.height);
  coded_.x = std::clamp<int64_t>(coded_.x, 0, frame.width - coded_.width) >> format->log2_chroma_w
                                                                                 << format->log2_chroma_w;
  coded_.y = std::clamp<int64_t>(coded_.y, 0, frame.height - coded_.height) >> format->log2_chroma_h
                                                                                   << format->log2_chroma_h;
  bool sideways = rotation_ == 90 || rotation_ == 270;
  SwsContext* scaler = sws_alloc_context();
  scaler_.reset(scaler);
  if (!scaler) throw DecodeError("out of memory");
  av_opt_set_int(scaler, "srcw", coded_.width, 0);
  av_opt_set_int(scaler, "srch", coded_.height, 0);
  av_opt_set_int(scaler, "src_format", frame.format, 0);
  av_opt_set_int(scaler, "dstw", sideways ? height_ : width_, 0);
  av_opt_set_int(scaler, "dsth", sideways ? width_ : height_, 0);
  av_opt_set_int(scaler, "dst_format", AV_PIX_FMT_RGB24, 0);
  av_opt_set_int(scaler, "sws_flags", kScaleFlags, 0);
  if (format->log2_chroma_w == 1 && format->log2_chroma_h == 1) av_opt_set_int(scaler, "src_v_chr_pos", 128, 0);
  int space = frame.colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_DEFAULT : static_cast<int>(frame.colorspace);
  sws_setColorspaceDetails(scaler, sws_getCoefficients(space), full, sws_getCoefficients(SWS_CS_DEFAULT),
                           /*dstRange=*/1, 0, 1 << 16, 1 << 16);
  if (sws_init_context(scaler, nullptr, nullptr) < 0)
    throw DecodeError("no conversion to RGB from " + std::string(format->name));
  frame_format_ = frame.format, frame_width_ = frame.width, frame_height_ = frame.height;
  frame_space_ = frame.colorspace, frame_range_ = full;
}

void Converter::convert(const AVFrame& frame, uint8_t* out) {
  prepare(frame);
  const AVPixFmtDescriptor* format = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame.format));
  const uint8_t* planes[4] = {};
  int steps[4], plane_of_step[4];
  av_image_fill_max_pixsteps(steps, plane_of_step, format);
  for (int p = 0; p < 4 && frame.data[p]; ++p) {
    bool chroma = p == 1 || p == 2;
    int64_t x = chroma ? coded_.x >> format->log2_chroma_w : coded_.x,
            y = chroma ? coded_.y >> format->log2_chroma_h : coded_.y;
    bool palette = p == 1 && (format->flags & AV_PIX_FMT_FLAG_PAL);
    planes[p] = palette ? frame.data[p] : frame.data[p] + y * frame.linesize[p] + x * steps[p];
  }
  bool in_place = rotation_ == 0 && !mirror_;
  if (!in_place) scratch_.resize(static_cast<size_t>(width_) * static_cast<size_t>(height_) * 3 + 1);
  bool sideways = rotation_ == 90 || rotation_ == 270;
  uint8_t* target[4] = {in_place ? out : scratch_.data()};
  int stride[4] = {(sideways ? height_ : width_) * 3};
  int rows = sws_scale(scaler_.get(), planes, frame.linesize, 0, static_cast<int>(coded_.height), target, stride);
  if (rows != (sideways ? width_ : height_)) throw DecodeError("the frame can't be converted to RGB");
  if (!in_place) turn(scratch_.data(), out);
}

// Writes row by row; (x, y) of the result comes from the place it had before it was turned and mirrored. Pixels are
// moved as four bytes, the last of which the next pixel overwrites; so `from` has one byte more than its pixels.
void Converter::turn(const uint8_t* from, uint8_t* to) const {
  int64_t w = width_, h = height_;
  for (int64_t y = 0; y < h; ++y) {
    int64_t start = 0, step = 0;
    switch (rotation_) {
      case 90:
        start = (w - 1) * h + y, step = -h;
        break;
      case 180:
        start = (h - 1 - y) * w + (w - 1), step = -1;
        break;
      case 270:
        start = h - 1 - y, step = h;
        break;
      default:
        start = y * w, step = 1;
        break;
    }
    if (mirror_) start += step * (w - 1), step = -step;
    const uint8_t* source = from + start * 3;
    for (int64_t x = 0; x < w - 1; ++x, source += step * 3, to += 3) std::memcpy(to, source, 4);
    std::memcpy(to, source, 3);
    to += 3;
  }
}

}  // namespace kinetics
