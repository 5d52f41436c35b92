// What one scan of a file finds out, so that reading a sample needs no probing: codec parameters, where each packet
// lies, which frame it becomes, and where decoding may start.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "libav.h"

namespace kinetics {

struct CodecInfo {
  int32_t codec_id = 0, format = -1, width = 0, height = 0, sar_num = 0, sar_den = 1;
  int32_t profile = -99, level = -99, field_order = 0, video_delay = 0, bits_coded = 0, bits_raw = 0;
  int32_t range = 0, primaries = 2, transfer = 2, space = 2, chroma_location = 0;
  uint32_t codec_tag = 0;
  std::vector<uint8_t> extradata;

  bool operator==(const CodecInfo&) const = default;
};

// Packet flags.
inline constexpr uint8_t kStart = 1;      // decoding may start here: frames shown at or after it come out exact
inline constexpr uint8_t kDroppable = 2;  // no other frame refers to it
inline constexpr uint8_t kDiscard = 4;    // decoded but not shown (edit lists)

struct PacketInfo {
  int64_t position = 0;  // byte offset of the payload; only if `direct`
  int32_t size = 0;
  int32_t rank = -1;  // presentation index of its frame; -1 = it shows none
  uint8_t flags = 0;
};

struct VideoIndex {
  std::string error;  // why the file can't be read; all else is empty then
  CodecInfo codec;
  int32_t stream = 0;
  int32_t rotation = 0;     // clockwise degrees to apply for display: 0, 90, 180, 270
  bool direct = false;      // packets are plain byte ranges of the file: no demuxer needed
  bool sequential = false;  // frames can only be counted from the start
  int32_t time_base_num = 1, time_base_den = 1;
  double frames_per_second = 0;
  int32_t missing = 0;              // frames that the container announces and the file doesn't hold: it was cut off
  std::vector<PacketInfo> packets;  // in decoding order
  std::vector<int64_t> pts;         // by presentation index, in time base units; INT64_MIN = unknown
  std::vector<int32_t> packet_of;   // by presentation index: index into packets
  std::vector<uint8_t>
      start_prefix;  // put before the first packet of a start that isn't the file's: the encoder's own SEI

  int64_t frames() const { return static_cast<int64_t>(pts.size()); }
  double seconds(int64_t frame) const;  // since the first frame; -1 = unknown
};

enum class ScanMode {
  kPackets,  // count packets; decode only where they can't be trusted
  kDecode,   // decode every file once
};

// Never throws for what is wrong with the file: index.error says it.
VideoIndex scan_video(const std::string& path, ScanMode mode);

// Fills index.packet_of from the packets' ranks.
void link_frames(VideoIndex& index);

ParametersPtr make_parameters(const CodecInfo& info);
CodecInfo read_parameters(const AVCodecParameters& parameters);

// Compact bytes of an index, and back; unpack throws std::runtime_error on malformed bytes.
std::string pack_index(const VideoIndex& index);
VideoIndex unpack_index(const uint8_t* data, size_t size);

}  // namespace kinetics
