#include "decoder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace kinetics {
namespace {

// Hands out the packets of the chosen stream by their number in decoding order, ascending.
class PacketSource {
 public:
  PacketSource(const std::string& path, const VideoIndex& index) : index_(index) {
    if (index.direct) {
      fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
      if (fd_ < 0) throw DecodeError(std::string("can't be opened: ") + std::strerror(errno));
      return;
    }
    int status = open_input(path, format_);
    if (status < 0) throw DecodeError("can't be opened: " + av_error_text(status));
    AVFormatContext* raw = format_.get();
    if (index.stream >= static_cast<int>(raw->nb_streams)) throw DecodeError("is not what it was when it was scanned");
    for (unsigned i = 0; i < raw->nb_streams; ++i)
      if (static_cast<int>(i) != index.stream) raw->streams[i]->discard = AVDISCARD_ALL;
  }
  ~PacketSource() {
    if (fd_ >= 0) ::close(fd_);
  }
  PacketSource(const PacketSource&) = delete;
  PacketSource& operator=(const PacketSource&) = delete;

  void read(size_t number, AVPacket& packet, const std::vector<uint8_t>& prefix) {
    if (fd_ >= 0) return read_direct(index_.packets[number], packet, prefix);
    for (;;) {
      av_packet_unref(&packet);
      int status = av_read_frame(format_.get(), &packet);
      if (status < 0) throw DecodeError("ends at packet " + std::to_string(next_) + ": " + av_error_text(status));
      if (packet.stream_index == index_.stream && packet.size > 0 && next_++ == number) return;
    }
  }

 private:
  void read_direct(const PacketInfo& info, AVPacket& packet, const std::vector<uint8_t>& prefix) {
    av_packet_unref(&packet);
    auto lead = static_cast<int>(prefix.size());
    if (av_new_packet(&packet, lead + info.size) < 0) throw DecodeError("out of memory");
    if (lead) std::memcpy(packet.data, prefix.data(), prefix.size());
    for (int done = 0; done < info.size;) {
      ssize_t got =
          ::pread(fd_, packet.data + lead + done, static_cast<size_t>(info.size - done), info.position + done);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0)
        throw DecodeError(got < 0 ? std::string("can't be read: ") + std::strerror(errno)
                                  : "is shorter than when it was scanned");
      done += static_cast<int>(got);
    }
    if (info.flags & kDiscard) packet.flags |= AV_PKT_FLAG_DISCARD;
    if (info.flags & kStart) packet.flags |= AV_PKT_FLAG_KEY;
  }

  const VideoIndex& index_;
  int fd_ = -1;
  FormatPtr format_;
  size_t next_ = 0;
};

CodecPtr open_decoder(const CodecInfo& info) {
  const AVCodec* codec = avcodec_find_decoder(static_cast<AVCodecID>(info.codec_id));
  if (!codec)
    throw DecodeError(std::string("no decoder for ") + avcodec_get_name(static_cast<AVCodecID>(info.codec_id)));
  CodecPtr decoder(avcodec_alloc_context3(codec));
  int status = avcodec_parameters_to_context(decoder.get(), make_parameters(info).get());
  decoder->thread_count = 1;
  if (status >= 0) status = avcodec_open2(decoder.get(), codec, nullptr);
  if (status < 0) throw DecodeError("no decoder: " + av_error_text(status));
  return decoder;
}

// Packets [first, last] to be decoded in one go.
struct Run {
  size_t first, last;
};

std::vector<Run> plan_runs(const VideoIndex& index, std::span<const int64_t> frames) {
  std::vector<Run> runs;
  for (int64_t frame : frames) {
    auto last = static_cast<size_t>(index.packet_of[static_cast<size_t>(frame)]);
    size_t first = last;
    while (first > 0 && !((index.packets[first].flags & kStart) && index.packets[first].rank >= 0 &&
                          index.packets[first].rank <= frame))
      --first;
    runs.push_back({first, last});
  }
  std::sort(runs.begin(), runs.end(),
            [](Run a, Run b) { return a.first != b.first ? a.first < b.first : a.last < b.last; });
  std::vector<Run> merged;
  for (Run run : runs) {
    if (!merged.empty() && run.first <= merged.back().last) {
      merged.back().last = std::max(merged.back().last, run.last);
    } else {
      merged.push_back(run);
    }
  }
  return merged;
}

class FrameDecoder {
 public:
  FrameDecoder(const std::string& path, const VideoIndex& index, std::span<const int64_t> frames, bool accept_damaged,
               const std::function<void(int64_t, const AVFrame&)>& visit)
      : index_(index),
        frames_(frames),
        accept_damaged_(accept_damaged),
        visit_(visit),
        source_(path, index),
        decoder_(open_decoder(index.codec)),
        packet_(av_packet_alloc()),
        frame_(av_frame_alloc()) {}

  void run() {
    if (index_.sequential) {
      count_from_start();
    } else {
      for (Run run : plan_runs(index_, frames_)) decode_run(run);
    }
    if (next_ < frames_.size()) missing();
  }
  DecodeStatistics statistics;

 private:
  [[noreturn]] void missing() const {
    std::string why = first_problem_.empty() ? log_.describe(0) : first_problem_;
    throw DecodeError("frame " + std::to_string(frames_[next_]) + " can't be decoded" +
                      (why.empty() ? "" : ": " + why));
  }

  void decode_run(Run run) {
    if (statistics.starts++) avcodec_flush_buffers(decoder_.get());
    first_problem_.clear();
    first_rank_ = run.first ? index_.packets[run.first].rank : 0;
    static const std::vector<uint8_t> none;
    for (size_t i = run.first; i <= run.last && next_ < frames_.size(); ++i) {
      const PacketInfo& info = index_.packets[i];
      if ((info.flags & kDroppable) && i != run.first && !is_needed(info.rank)) continue;
      source_.read(i, *packet_, i == run.first && run.first ? index_.start_prefix : none);
      packet_->pts = packet_->dts = info.rank;
      send(packet_.get(), info.rank);
      receive();
    }
    send(nullptr, -1);
    receive();
  }

  void count_from_start() {
    static const std::vector<uint8_t> none;
    for (size_t i = 0; i < index_.packets.size() && next_ < frames_.size(); ++i) {
      source_.read(i, *packet_, none);
      packet_->pts = packet_->dts = static_cast<int64_t>(i);
      send(packet_.get(), 0);
      receive();
    }
    send(nullptr, -1);
    receive();
  }

  bool is_needed(int32_t rank) const { return std::binary_search(frames_.begin(), frames_.end(), rank); }

  void send(const AVPacket* packet, int32_t rank) {
    statistics.packets += packet != nullptr;
    int status = avcodec_send_packet(decoder_.get(), packet);
    if (status >= 0 || status == AVERROR_EOF) return;
    if (status == AVERROR(ENOMEM)) throw DecodeError("out of memory");
    if (rank >= first_rank_ && first_problem_.empty()) first_problem_ = log_.describe(status);
    log_.clear();
  }

  void receive() {
    for (;;) {
      int status = avcodec_receive_frame(decoder_.get(), frame_.get());
      if (status == AVERROR(EAGAIN) || status == AVERROR_EOF) return;
      if (status < 0) {
        if (first_problem_.empty()) first_problem_ = log_.describe(status);
        return;
      }
      deliver(index_.sequential ? counted_++ : frame_->pts);
    }
  }

  void deliver(int64_t rank) {
    if (next_ >= frames_.size() || rank < frames_[next_]) return;
    if (rank > frames_[next_]) missing();
    bool damaged = frame_->decode_error_flags || (frame_->flags & AV_FRAME_FLAG_CORRUPT) || !first_problem_.empty();
    if (damaged && !accept_damaged_) {
      std::string why = first_problem_.empty() ? log_.describe(0) : first_problem_;
      throw DecodeError("frame " + std::to_string(rank) + " is damaged" + (why.empty() ? "" : ": " + why));
    }
    visit_(rank, *frame_);
    ++next_;
  }

  const VideoIndex& index_;
  std::span<const int64_t> frames_;
  bool accept_damaged_;
  const std::function<void(int64_t, const AVFrame&)>& visit_;
  LogCapture log_;
  PacketSource source_;
  CodecPtr decoder_;
  PacketPtr packet_;
  FramePtr frame_;
  size_t next_ = 0;
  int64_t counted_ = 0, first_rank_ = 0;
  std::string first_problem_;
};

}  // namespace

void decode_frames(const std::string& path, const VideoIndex& index, std::span<const int64_t> frames,
                   bool accept_damaged, const std::function<void(int64_t, const AVFrame&)>& visit,
                   DecodeStatistics* statistics) {
  if (!index.error.empty()) throw DecodeError(index.error);
  FrameDecoder decoder(path, index, frames, accept_damaged, visit);
  decoder.run();
  if (statistics) *statistics = decoder.statistics;
}

}  // namespace kinetics
