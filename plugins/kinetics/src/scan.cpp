// scan_video: one pass over a file's packets, and a decoding pass where packets alone can't be trusted.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "bitstream.h"
#include "video_index.h"

namespace kinetics {
namespace {

struct FileHandle {
  int fd;
  explicit FileHandle(const std::string& path) : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~FileHandle() {
    if (fd >= 0) ::close(fd);
  }
};

// The payload's distance from AVPacket::pos (containers put block headers
// between), or -1 if it isn't in the file as is.
int payload_offset(int fd, const AVPacket& packet, int hint) {
  constexpr int kWindow = 64;
  if (packet.pos < 0 || packet.size <= 0) return -1;
  std::vector<uint8_t> bytes(static_cast<size_t>(packet.size) + kWindow);
  ssize_t got = ::pread(fd, bytes.data(), bytes.size(), packet.pos);
  auto matches = [&](int offset) {
    return got >= offset + packet.size &&
           std::memcmp(bytes.data() + offset, packet.data, static_cast<size_t>(packet.size)) == 0;
  };
  if (matches(hint)) return hint;
  for (int offset = 0; offset < kWindow; ++offset)
    if (matches(offset)) return offset;
  return -1;
}

// FFmpeg shows any text as a film of a terminal.
bool is_text_art(int codec_id) {
  return codec_id == AV_CODEC_ID_ANSI || codec_id == AV_CODEC_ID_BINTEXT || codec_id == AV_CODEC_ID_XBIN ||
         codec_id == AV_CODEC_ID_IDF;
}

bool changes_decoder(const AVPacket& packet) {
  for (int i = 0; i < packet.side_data_elems; ++i) {
    auto type = packet.side_data[i].type;
    if (type == AV_PKT_DATA_NEW_EXTRADATA || type == AV_PKT_DATA_PALETTE || type == AV_PKT_DATA_PARAM_CHANGE)
      return true;
  }
  return false;
}

int display_rotation(const AVStream& stream) {
  const auto* matrix =
      reinterpret_cast<const int32_t*>(av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr));
  if (!matrix) return 0;
  double angle = -av_display_rotation_get(matrix);
  if (!(angle > -1000 && angle < 1000)) return 0;
  int quarter = static_cast<int>(std::lround(angle / 90.0));
  if (std::abs(angle - 90.0 * quarter) > 2) return 0;
  return ((quarter % 4) + 4) % 4 * 90;
}

class Scanner {
 public:
  Scanner(const std::string& path, VideoIndex& index) : path_(path), index_(index) {}

  void run(ScanMode mode) {
    if (!open()) return;
    bool trusted = read_packets();
    index_.missing = missing_frames();
    if (index_.packets.empty()) return fail("no video packets: " + log_.describe(read_status_));
    trusted = trusted && rank_by_pts();
    if (!trusted || mode == ScanMode::kDecode) rank_by_decoding();
    if (index_.pts.empty() && index_.error.empty()) fail("no frame could be decoded: " + log_.describe(0));
  }

 private:
  void fail(std::string why) {
    while (why.ends_with(' ') || why.ends_with(':')) why.pop_back();
    index_ = {};
    index_.error = std::move(why);
  }

  bool open() {
    int status = open_input(path_, format_);
    if (status < 0) return fail("can't be opened: " + log_.describe(status)), false;
    AVFormatContext* raw = format_.get();
    log_.clear();
    index_.stream = av_find_best_stream(raw, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
    if (index_.stream < 0) return fail("no video stream that a decoder exists for"), false;
    stream_ = raw->streams[index_.stream];
    for (unsigned i = 0; i < raw->nb_streams; ++i)
      if (static_cast<int>(i) != index_.stream) raw->streams[i]->discard = AVDISCARD_ALL;
    index_.codec = read_parameters(*stream_->codecpar);
    if (is_text_art(index_.codec.codec_id)) return fail("is a text file"), false;
    index_.rotation = display_rotation(*stream_);
    index_.time_base_num = stream_->time_base.num;
    index_.time_base_den = stream_->time_base.den;
    AVRational rate = av_guess_frame_rate(raw, stream_, nullptr);
    index_.frames_per_second = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
    if (index_.codec.width <= 0 || index_.codec.height <= 0) return fail("no picture size: " + log_.describe(0)), false;
    return true;
  }

  // False if the frames can't be told from the packets.
  bool read_packets() {
    BitstreamParser parser(index_.codec.codec_id, index_.codec.extradata);
    FileHandle file(path_);
    PacketPtr packet(av_packet_alloc());
    bool trusted = parser.trusted(), direct = file.fd >= 0;
    int offset = 0, top_temporal_id = 0;
    std::vector<int> temporal_id;
    while ((read_status_ = av_read_frame(format_.get(), packet.get())) >= 0) {
      if (packet->stream_index == index_.stream) note_extent(*packet);
      if (packet->stream_index == index_.stream && packet->size > 0) {
        bool key = packet->flags & AV_PKT_FLAG_KEY;
        PacketTraits traits = parser.inspect(packet->data, packet->size, key);
        PacketInfo info;
        info.size = packet->size;
        if (traits.start) info.flags |= kStart;
        if (traits.droppable) info.flags |= kDroppable;
        if (packet->flags & AV_PKT_FLAG_DISCARD) info.flags |= kDiscard;
        direct = direct && !changes_decoder(*packet) && (offset = payload_offset(file.fd, *packet, offset)) >= 0;
        info.position = direct ? packet->pos + offset : 0;
        if (index_.packets.empty()) {
          index_.start_prefix = parser.encoder_notes(packet->data, packet->size);
          trusted = trusted && key;
        }
        index_.sequential |= traits.packed;
        trusted = trusted && !traits.damaged && !traits.packed && !(packet->flags & AV_PKT_FLAG_CORRUPT) &&
                  packet->pts != AV_NOPTS_VALUE;
        top_temporal_id = std::max(top_temporal_id, traits.temporal_id);
        temporal_id.push_back(traits.temporal_id);
        index_.packets.push_back(info);
        packet_pts_.push_back(packet->pts);
      }
      av_packet_unref(packet.get());
    }
    if (parser.is_hevc())
      for (size_t i = 0; i < temporal_id.size(); ++i)
        if (temporal_id[i] < top_temporal_id) index_.packets[i].flags &= static_cast<uint8_t>(~kDroppable);
    index_.direct = direct;
    return trusted && read_status_ == AVERROR_EOF;
  }

  void note_extent(const AVPacket& packet) {
    if (packet.flags & AV_PKT_FLAG_CORRUPT) return;  // torn by the cut
    ++packets_read_;
    if (packet.pts != AV_NOPTS_VALUE) end_pts_ = std::max(end_pts_, packet.pts + packet.duration);
  }

  // What the container announces beyond what was read: MP4's tables list each packet, AVI's header counts them, but not
  // always well, so that it is believed only if the file ends early; others state when the last frame ends.
  int32_t missing_frames() const {
    int64_t missing = 0;
    if (is("mov"))
      missing = avformat_index_get_entries_count(stream_) - packets_read_;
    else if (is("avi"))
      missing = riff_is_cut() ? std::max<int64_t>(stream_->nb_frames - packets_read_, 1) : 0;
    else if (end_pts_ != INT64_MIN && index_.frames_per_second > 0)
      missing = std::llround(missing_seconds() * index_.frames_per_second);
    return static_cast<int32_t>(std::clamp<int64_t>(missing, 0, INT32_MAX));
  }

  bool riff_is_cut() const {
    FileHandle file(path_);
    uint8_t head[8] = {};
    if (file.fd < 0 || ::pread(file.fd, head, sizeof head, 0) != sizeof head) return false;
    return ::lseek(file.fd, 0, SEEK_END) < 8 + static_cast<int64_t>(AV_RL32(head + 4));
  }

  double missing_seconds() const {
    double end = static_cast<double>(end_pts_) * av_q2d(stream_->time_base), stated = 0, doubt = 0;
    if (const AVDictionaryEntry* tag = av_dict_get(stream_->metadata, "DURATION", nullptr, 0)) {  // Matroska's
      int64_t microseconds = 0;
      if (av_parse_time(&microseconds, tag->value, /*timeval=*/1) < 0) return 0;
      stated = static_cast<double>(microseconds) / 1e6, doubt = 2.5 / index_.frames_per_second;
    } else if (format_->duration_estimation_method == AVFMT_DURATION_FROM_STREAM && format_->duration > 0) {
      int64_t start = format_->start_time == AV_NOPTS_VALUE ? 0 : format_->start_time;
      double seconds = static_cast<double>(format_->duration) / AV_TIME_BASE;
      stated = seconds + static_cast<double>(start) / AV_TIME_BASE;
      doubt = std::max(1.0, seconds / 20);  // it may be the sound that lasts until then
    }
    return stated - end > doubt ? stated - end : 0;
  }

  bool is(const char* container) const { return std::strstr(format_->iformat->name, container) != nullptr; }

  bool rank_by_pts() {
    std::vector<int32_t> shown;
    for (size_t i = 0; i < index_.packets.size(); ++i)
      if (!(index_.packets[i].flags & kDiscard)) shown.push_back(static_cast<int32_t>(i));
    auto pts_of = [&](int32_t i) { return packet_pts_[static_cast<size_t>(i)]; };
    std::stable_sort(shown.begin(), shown.end(), [&](int32_t a, int32_t b) { return pts_of(a) < pts_of(b); });
    for (size_t i = 1; i < shown.size(); ++i)
      if (pts_of(shown[i]) == pts_of(shown[i - 1])) return false;
    set_order(shown);
    return true;
  }

  void set_order(const std::vector<int32_t>& shown) {
    index_.pts.clear();
    for (auto& packet : index_.packets) packet.rank = -1;
    for (size_t rank = 0; rank < shown.size(); ++rank) {
      index_.packets[static_cast<size_t>(shown[rank])].rank = static_cast<int32_t>(rank);
      index_.pts.push_back(packet_pts_[static_cast<size_t>(shown[rank])]);
    }
    link_frames(index_);
  }

  // Decodes everything in order and notes which packet each frame came from,
  // by giving packets their number as time stamp.
  void rank_by_decoding() {
    std::vector<int32_t> shown;
    std::string why = decode_all(shown);
    if (!why.empty()) return fail(why);
    bool distinct = std::set<int32_t>(shown.begin(), shown.end()).size() == shown.size();
    bool known = std::all_of(shown.begin(), shown.end(),
                             [&](int32_t i) { return i >= 0 && i < static_cast<int32_t>(index_.packets.size()); });
    if (distinct && known && !index_.sequential) return set_order(shown);
    index_.sequential = true;
    index_.pts = frame_pts_;
    index_.packet_of.assign(index_.pts.size(), -1);
  }

  std::string decode_all(std::vector<int32_t>& shown) {
    int status = open_input(path_, format_);
    if (status < 0) return "can't be opened: " + log_.describe(status);
    const AVCodec* codec = avcodec_find_decoder(static_cast<AVCodecID>(index_.codec.codec_id));
    if (!codec) return "no decoder";
    CodecPtr decoder(avcodec_alloc_context3(codec));
    avcodec_parameters_to_context(decoder.get(), make_parameters(index_.codec).get());
    decoder->thread_count = 1;
    if ((status = avcodec_open2(decoder.get(), codec, nullptr)) < 0) return "no decoder: " + log_.describe(status);
    PacketPtr packet(av_packet_alloc());
    int32_t number = 0;
    while (av_read_frame(format_.get(), packet.get()) >= 0) {
      if (packet->stream_index == index_.stream && packet->size > 0) {
        packet->pts = packet->dts = number++;
        avcodec_send_packet(decoder.get(), packet.get());
        collect(decoder.get(), shown);
      }
      av_packet_unref(packet.get());
    }
    avcodec_send_packet(decoder.get(), nullptr);
    collect(decoder.get(), shown);
    return "";
  }

  void collect(AVCodecContext* decoder, std::vector<int32_t>& shown) {
    FramePtr frame(av_frame_alloc());
    while (avcodec_receive_frame(decoder, frame.get()) >= 0) {
      int64_t number = frame->pts;
      shown.push_back(number >= 0 && number < INT32_MAX ? static_cast<int32_t>(number) : -1);
      bool known = number >= 0 && number < static_cast<int64_t>(packet_pts_.size());
      frame_pts_.push_back(known ? packet_pts_[static_cast<size_t>(number)] : AV_NOPTS_VALUE);
    }
  }

  std::string path_;
  VideoIndex& index_;
  LogCapture log_;
  FormatPtr format_;
  AVStream* stream_ = nullptr;
  int read_status_ = 0;
  int64_t packets_read_ = 0, end_pts_ = INT64_MIN;
  std::vector<int64_t> packet_pts_, frame_pts_;
};

}  // namespace

VideoIndex scan_video(const std::string& path, ScanMode mode) {
  VideoIndex index;
  Scanner(path, index).run(mode);
  return index;
}

}  // namespace kinetics
