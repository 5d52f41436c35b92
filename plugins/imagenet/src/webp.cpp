// WebP by libwebp.
#include <webp/decode.h>
#include <webp/demux.h>

#include <cstring>
#include <memory>

#include "exif.h"

namespace imagenet {
namespace {

using Demuxer = std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)>;

int orientation_of(const WebPDemuxer* demuxer) {
  WebPChunkIterator chunk;
  if (!WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk)) return 1;
  Bytes bytes(chunk.chunk.bytes, chunk.chunk.size);
  if (bytes.size() > 6 && !std::memcmp(bytes.data(), "Exif\0\0", 6)) bytes = bytes.subspan(6);
  int orientation = exif_orientation(bytes);
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

// The first frame lies on a canvas that may be larger; the rest of it is black.
void decode_frame(const WebPIterator& frame, const DecodeLimits& limits, Picture& out) {
  int width = 0, height = 0;
  bool known = WebPGetInfo(frame.fragment.bytes, frame.fragment.size, &width, &height);
  if (!known || width != frame.width || height != frame.height || frame.x_offset + width > out.width ||
      frame.y_offset + height > out.height)
    throw DecodeError("is damaged: the frame's size isn't the header's");
  auto row = static_cast<int>(out.width * 3);
  auto start = static_cast<size_t>(frame.y_offset) * static_cast<size_t>(row) + static_cast<size_t>(frame.x_offset) * 3;
  const uint8_t* done =
      WebPDecodeRGBInto(frame.fragment.bytes, frame.fragment.size, out.rgb.data() + start, out.rgb.size() - start, row);
  if (!done && !limits.accept_damaged) throw DecodeError("is damaged: libwebp can't decode it");
}

}  // namespace

Stored decode_webp(Bytes bytes, const DecodeLimits& limits) {
  WebPData data = {bytes.data(), bytes.size()};
  WebPDemuxState state = WEBP_DEMUX_PARSE_ERROR;
  Demuxer demuxer(WebPDemuxPartial(&data, &state), WebPDemuxDelete);
  if (!demuxer || state < WEBP_DEMUX_PARSED_HEADER) throw DecodeError("is damaged: its header can't be read");
  if (state != WEBP_DEMUX_DONE && !limits.accept_damaged)
    throw DecodeError("is damaged: the file ends in the middle of the picture");
  Stored out;
  out.picture.width = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH);
  out.picture.height = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT);
  check_size(out.picture.width, out.picture.height, limits);
  WebPIterator frame;
  if (!WebPDemuxGetFrame(demuxer.get(), 1, &frame)) throw DecodeError("is damaged: holds no picture");
  std::unique_ptr<WebPIterator, decltype(&WebPDemuxReleaseIterator)> release(&frame, WebPDemuxReleaseIterator);
  out.picture.rgb.resize(static_cast<size_t>(out.picture.width * out.picture.height * 3));
  decode_frame(frame, limits, out.picture);
  out.orientation = orientation_of(demuxer.get());
  return out;
}

}  // namespace imagenet
