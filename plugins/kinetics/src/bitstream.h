// The little of each codec's syntax that says where decoding may start and which packets nothing refers to.
#pragma once
#include <cstdint>
#include <vector>

namespace kinetics {

struct PacketTraits {
  bool start = false;      // exact decoding may start here
  bool droppable = false;  // nothing refers to it (HEVC: only if temporal_id is the highest of the file)
  bool damaged = false;    // its NAL units don't fill it
  bool packed = false;     // MPEG-4 in AVI: it holds two pictures, the second of which comes out with a later packet
  int temporal_id = 0;
};

class BitstreamParser {
 public:
  // codec_id: an AVCodecID. Codecs it doesn't know are `trusted() == false`.
  BitstreamParser(int codec_id, const std::vector<uint8_t>& extradata);
  bool trusted() const { return kind_ != Kind::kUnknown; }
  bool is_hevc() const { return kind_ == Kind::kHevc; }
  PacketTraits inspect(const uint8_t* data, int size, bool key) const;
  // H.264: the encoder's user-data SEI units of this packet, framed as packets are. The decoder works around defects of
  // old encoders that it recognises by them, and they stand in the first packet only.
  std::vector<uint8_t> encoder_notes(const uint8_t* data, int size) const;

 private:
  enum class Kind { kUnknown, kIntra, kKeyed, kMpeg4, kH264, kHevc, kMpeg12 };
  template <typename F>
  bool for_each_unit(const uint8_t* data, int size, F visit) const;

  Kind kind_ = Kind::kUnknown;
  int length_size_ = 0;  // bytes of a NAL unit's length; 0 = start codes
};

}  // namespace kinetics
