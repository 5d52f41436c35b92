#include "video_index.h"

#include <cstring>
#include <stdexcept>

namespace kinetics {

double VideoIndex::seconds(int64_t frame) const {
  if (frame < 0 || frame >= frames() || pts[static_cast<size_t>(frame)] == AV_NOPTS_VALUE || pts[0] == AV_NOPTS_VALUE)
    return -1;
  return static_cast<double>(pts[static_cast<size_t>(frame)] - pts[0]) * time_base_num / time_base_den;
}

void link_frames(VideoIndex& index) {
  index.packet_of.assign(index.pts.size(), -1);
  for (size_t i = 0; i < index.packets.size(); ++i)
    if (int32_t rank = index.packets[i].rank; rank >= 0 && static_cast<size_t>(rank) < index.pts.size())
      index.packet_of[static_cast<size_t>(rank)] = static_cast<int32_t>(i);
}

CodecInfo read_parameters(const AVCodecParameters& p) {
  CodecInfo c;
  c.codec_id = p.codec_id, c.codec_tag = p.codec_tag, c.format = p.format, c.width = p.width, c.height = p.height;
  c.sar_num = p.sample_aspect_ratio.num, c.sar_den = p.sample_aspect_ratio.den;
  c.profile = p.profile, c.level = p.level, c.field_order = p.field_order, c.video_delay = p.video_delay;
  c.bits_coded = p.bits_per_coded_sample, c.bits_raw = p.bits_per_raw_sample;
  c.range = p.color_range, c.primaries = p.color_primaries, c.transfer = p.color_trc, c.space = p.color_space;
  c.chroma_location = p.chroma_location;
  if (p.extradata) c.extradata.assign(p.extradata, p.extradata + p.extradata_size);
  return c;
}

ParametersPtr make_parameters(const CodecInfo& c) {
  ParametersPtr result(avcodec_parameters_alloc());
  AVCodecParameters& p = *result;
  p.codec_type = AVMEDIA_TYPE_VIDEO;
  p.codec_id = static_cast<AVCodecID>(c.codec_id), p.codec_tag = c.codec_tag, p.format = c.format;
  p.width = c.width, p.height = c.height, p.sample_aspect_ratio = {c.sar_num, c.sar_den};
  p.profile = c.profile, p.level = c.level, p.field_order = static_cast<AVFieldOrder>(c.field_order);
  p.video_delay = c.video_delay, p.bits_per_coded_sample = c.bits_coded, p.bits_per_raw_sample = c.bits_raw;
  p.color_range = static_cast<AVColorRange>(c.range), p.color_primaries = static_cast<AVColorPrimaries>(c.primaries);
  p.color_trc = static_cast<AVColorTransferCharacteristic>(c.transfer),
  p.color_space = static_cast<AVColorSpace>(c.space);
  p.chroma_location = static_cast<AVChromaLocation>(c.chroma_location);
  if (!c.extradata.empty()) {
    p.extradata = static_cast<uint8_t*>(av_mallocz(c.extradata.size() + AV_INPUT_BUFFER_PADDING_SIZE));
    if (!p.extradata) throw std::bad_alloc();
    std::memcpy(p.extradata, c.extradata.data(), c.extradata.size());
    p.extradata_size = static_cast<int>(c.extradata.size());
  }
  return result;
}

namespace {

// Integers as zigzag varints: neighbouring packets differ little, so most take one or two bytes.
class Writer {
 public:
  void number(int64_t value) {
    uint64_t u = static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
    for (; u >= 0x80; u >>= 7) bytes_.push_back(static_cast<char>(u | 0x80));
    bytes_.push_back(static_cast<char>(u));
  }
  void bytes(const void* data, size_t size) {
    number(static_cast<int64_t>(size));
    bytes_.append(static_cast<const char*>(data), size);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  Reader(const uint8_t* data, size_t size) : at_(data), end_(data + size) {}
  int64_t number() {
    uint64_t u = 0;
    for (int shift = 0;; shift += 7) {
      if (at_ == end_ || shift > 63) throw std::runtime_error("malformed index");
      uint8_t byte = *at_++;
      u |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) break;
    }
    return static_cast<int64_t>(u >> 1) ^ -static_cast<int64_t>(u & 1);
  }
  template <typename T>
  void read(T& out) {
    out = static_cast<T>(number());
  }
  size_t count(size_t bytes_each) {
    int64_t n = number();
    if (n < 0 || static_cast<size_t>(n) > static_cast<size_t>(end_ - at_) / bytes_each)
      throw std::runtime_error("malformed index");
    return static_cast<size_t>(n);
  }
  const uint8_t* bytes(size_t n) {
    const uint8_t* p = at_;
    at_ += n;
    return p;
  }

 private:
  const uint8_t *at_, *end_;
};

// One list of the codec's fields for both directions.
template <typename C, typename F>
void visit_codec(C& c, F f) {
  f(c.codec_id), f(c.codec_tag), f(c.format), f(c.width), f(c.height), f(c.sar_num), f(c.sar_den), f(c.profile),
      f(c.level);
  f(c.field_order), f(c.video_delay), f(c.bits_coded), f(c.bits_raw), f(c.range), f(c.primaries), f(c.transfer),
      f(c.space);
  f(c.chroma_location);
}

}  // namespace

std::string pack_index(const VideoIndex& index) {
  Writer w;
  w.bytes(index.error.data(), index.error.size());
  visit_codec(index.codec, [&](auto value) { w.number(static_cast<int64_t>(value)); });
  w.bytes(index.codec.extradata.data(), index.codec.extradata.size());
  w.number(index.stream), w.number(index.rotation), w.number(index.direct), w.number(index.sequential);
  w.number(index.time_base_num), w.number(index.time_base_den);
  int64_t rate_bits;
  std::memcpy(&rate_bits, &index.frames_per_second, 8);
  w.number(rate_bits), w.number(index.missing);
  w.bytes(index.start_prefix.data(), index.start_prefix.size());
  w.number(static_cast<int64_t>(index.packets.size()));
  int64_t end = 0, number = 0;
  for (const auto& packet : index.packets) {
    w.number(packet.position - end), w.number(packet.size), w.number(packet.rank - number++), w.number(packet.flags);
    end = packet.position + packet.size;
  }
  w.number(static_cast<int64_t>(index.pts.size()));
  uint64_t previous = 0, step = 0;
  for (int64_t pts : index.pts) {
    uint64_t delta = static_cast<uint64_t>(pts) - previous;
    w.number(static_cast<int64_t>(delta - step));
    previous = static_cast<uint64_t>(pts), step = delta;
  }
  return w.take();
}

VideoIndex unpack_index(const uint8_t* data, size_t size) {
  Reader r(data, size);
  VideoIndex index;
  size_t n = r.count(1);
  index.error.assign(reinterpret_cast<const char*>(r.bytes(n)), n);
  visit_codec(index.codec, [&](auto& value) { r.read(value); });
  n = r.count(1);
  const uint8_t* bytes = r.bytes(n);
  index.codec.extradata.assign(bytes, bytes + n);
  r.read(index.stream), r.read(index.rotation);
  index.direct = r.number() != 0, index.sequential = r.number() != 0;
  r.read(index.time_base_num), r.read(index.time_base_den);
  int64_t rate_bits = r.number();
  std::memcpy(&index.frames_per_second, &rate_bits, 8);
  r.read(index.missing);
  n = r.count(1);
  bytes = r.bytes(n);
  index.start_prefix.assign(bytes, bytes + n);
  index.packets.resize(r.count(4));
  int64_t end = 0, number = 0;
  for (auto& packet : index.packets) {
    packet.position = end + r.number();
    r.read(packet.size);
    packet.rank = static_cast<int32_t>(number++ + r.number());
    r.read(packet.flags);
    end = packet.position + packet.size;
    if (packet.size < 0 || packet.position < 0) throw std::runtime_error("malformed index");
  }
  index.pts.resize(r.count(1));
  uint64_t previous = 0, step = 0;
  for (auto& pts : index.pts) {
    step += static_cast<uint64_t>(r.number());
    previous += step;
    pts = static_cast<int64_t>(previous);
  }
  link_frames(index);
  if (!index.sequential)
    for (int32_t packet : index.packet_of)
      if (packet < 0) throw std::runtime_error("malformed index");
  return index;
}

}  // namespace kinetics
