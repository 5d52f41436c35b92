#include "bitstream.h"

extern "C" {
#include <libavcodec/codec_id.h>
}
#include <algorithm>

namespace kinetics {
namespace {

// Bits of a NAL unit's payload, emulation prevention bytes taken out.
class BitReader {
 public:
  BitReader(const uint8_t* data, int size) {
    for (int i = 0; i < size; ++i) {
      if (i >= 2 && data[i] == 3 && data[i - 1] == 0 && data[i - 2] == 0) continue;
      bytes_.push_back(data[i]);
    }
  }
  int byte() { return at_ < bytes_.size() ? bytes_[at_++] : -1; }
  size_t left() const { return bytes_.size() - at_; }
  const uint8_t* here() const { return bytes_.data() + at_; }
  void skip(size_t n) { at_ = std::min(bytes_.size(), at_ + n); }

 private:
  std::vector<uint8_t> bytes_;
  size_t at_ = 0;
};

// ue(v) at the first bit of `data`: only whether it is zero matters, which is its first bit.
bool first_code_is_zero(const uint8_t* data, size_t size) {
  return size > 0 && (data[0] & 0x80);
}

// H.264 D.1: does this SEI unit hold a recovery point with recovery_frame_cnt 0?
bool sei_recovers_at_once(const uint8_t* data, int size) {
  BitReader reader(data + 1, size - 1);
  while (reader.left() > 2) {
    int type = 0, length = 0, byte;
    while ((byte = reader.byte()) == 255) type += 255;
    type += std::max(byte, 0);
    while ((byte = reader.byte()) == 255) length += 255;
    length += std::max(byte, 0);
    if (type == 6) return first_code_is_zero(reader.here(), reader.left());
    reader.skip(static_cast<size_t>(length));
  }
  return false;
}

}  // namespace

BitstreamParser::BitstreamParser(int codec_id, const std::vector<uint8_t>& extradata) {
  switch (codec_id) {
    case AV_CODEC_ID_H264:
      kind_ = Kind::kH264;
      if (extradata.size() > 6 && extradata[0] == 1) length_size_ = (extradata[4] & 3) + 1;
      break;
    case AV_CODEC_ID_HEVC:
      kind_ = Kind::kHevc;
      if (extradata.size() > 22 && (extradata[0] || extradata[1] || extradata[2] > 1))
        length_size_ = (extradata[21] & 3) + 1;
      break;
    case AV_CODEC_ID_MPEG1VIDEO:
    case AV_CODEC_ID_MPEG2VIDEO:
      kind_ = Kind::kMpeg12;
      break;
    case AV_CODEC_ID_MJPEG:
    case AV_CODEC_ID_PNG:
    case AV_CODEC_ID_PRORES:
    case AV_CODEC_ID_DNXHD:
    case AV_CODEC_ID_FFVHUFF:
    case AV_CODEC_ID_RAWVIDEO:
      kind_ = Kind::kIntra;
      break;
    case AV_CODEC_ID_MPEG4:
      kind_ = Kind::kMpeg4;
      break;
    case AV_CODEC_ID_VP8:
    case AV_CODEC_ID_VP9:
    case AV_CODEC_ID_AV1:
      kind_ = Kind::kKeyed;
      break;
    default:
      break;
  }
}

// visit(unit, size) for each NAL unit without its length or start code. False if they don't fill the packet.
template <typename F>
bool BitstreamParser::for_each_unit(const uint8_t* data, int size, F visit) const {
  if (length_size_) {
    int at = 0;
    while (at + length_size_ <= size) {
      uint32_t length = 0;
      for (int i = 0; i < length_size_; ++i) length = length << 8 | data[at + i];
      at += length_size_;
      if (length > static_cast<uint32_t>(size - at)) return false;
      if (length) visit(data + at, static_cast<int>(length));
      at += static_cast<int>(length);
    }
    return at == size;
  }
  int begin = -1;
  for (int i = 0; i + 3 <= size; ++i) {
    if (data[i] || data[i + 1] || data[i + 2] != 1) continue;
    if (begin >= 0 && i > begin) visit(data + begin, i - begin);
    begin = i + 3;
    i += 2;
  }
  if (begin >= 0 && begin < size) visit(data + begin, size - begin);
  return begin >= 0;
}

PacketTraits BitstreamParser::inspect(const uint8_t* data, int size, bool key) const {
  PacketTraits traits;
  bool pictures = false, referenced = false, random_access = false;
  switch (kind_) {
    case Kind::kIntra:
      traits.start = traits.droppable = true;
      break;
    case Kind::kUnknown:
    case Kind::kKeyed:
      traits.start = key;
      break;
    case Kind::kMpeg4: {
      int pictures_found = 0;
      for (int i = 0; i + 4 <= size; ++i)
        pictures_found += !data[i] && !data[i + 1] && data[i + 2] == 1 && data[i + 3] == 0xb6;
      traits.start = key;
      traits.packed = pictures_found > 1;
      break;
    }
    case Kind::kH264:
      traits.damaged = !for_each_unit(data, size, [&](const uint8_t* unit, int n) {
        int type = unit[0] & 31;
        if (type >= 1 && type <= 5) pictures = true, referenced |= (unit[0] & 0x60) != 0;
        random_access |= type == 5 || (type == 6 && key && sei_recovers_at_once(unit, n));
      });
      traits.start = key && random_access;
      traits.droppable = pictures && !referenced;
      break;
    case Kind::kHevc:
      traits.damaged = !for_each_unit(data, size, [&](const uint8_t* unit, int n) {
        int type = unit[0] >> 1 & 63;
        if (type >= 32 || n < 2) return;
        pictures = true;
        referenced |= type > 14 || (type & 1);
        random_access |= type >= 16 && type <= 21;
        traits.temporal_id = std::max(traits.temporal_id, (unit[1] & 7) - 1);
      });
      traits.start = key && random_access;
      traits.droppable = pictures && !referenced;
      break;
    case Kind::kMpeg12:
      for (int i = 0; i + 6 <= size; ++i) {
        if (data[i] || data[i + 1] || data[i + 2] != 1 || data[i + 3] != 0) continue;
        pictures = true;
        referenced |= (data[i + 5] >> 3 & 7) != 3;
      }
      traits.start = key;
      traits.droppable = pictures && !referenced;
      break;
  }
  return traits;
}

std::vector<uint8_t> BitstreamParser::encoder_notes(const uint8_t* data, int size) const {
  std::vector<uint8_t> notes;
  if (kind_ != Kind::kH264) return notes;
  for_each_unit(data, size, [&](const uint8_t* unit, int n) {
    if ((unit[0] & 31) != 6 || n < 3 || unit[1] != 5) return;
    if (length_size_ == 0) notes.insert(notes.end(), {0, 0, 0, 1});
    for (int i = length_size_ - 1; i >= 0; --i)
      notes.push_back(static_cast<uint8_t>(static_cast<uint32_t>(n) >> (8 * i)));
    notes.insert(notes.end(), unit, unit + n);
  });
  if (notes.size() > 4096) notes.clear();
  return notes;
}

}  // namespace kinetics
