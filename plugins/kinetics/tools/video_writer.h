// Encodes frames into a video file.
#pragma once
#include <string>

#include "libav.h"

namespace kinetics {

struct WriterOptions {
  std::string codec = "auto";  // "h264" (libx264), "mpeg4", "auto": h264 if this FFmpeg has it
  int width = 64, height = 64, fps = 25, gop = 12;
  int quality = 22;                       // H.264: the QP of every frame; MPEG-4: quality / 6 is the qscale
  std::string preset = "veryfast", x264;  // H.264 only; x264: more x264-params, e.g. "open-gop=1"
};

// The container comes from the path's extension. Throws std::runtime_error with path and cause. One thread.
class VideoWriter {
 public:
  VideoWriter(const std::string& path, const WriterOptions& options);
  ~VideoWriter();
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;

  AVFrame& frame();  // yuv420p planes to fill in
  void write();      // encodes the frame as the next one
  void finish();     // without it the file is not whole

 private:
  void drain(const AVFrame* frame);
  [[noreturn]] void fail(const std::string& what, int code) const;

  std::string path_;
  AVFormatContext* format_ = nullptr;
  AVStream* stream_ = nullptr;
  CodecPtr encoder_;
  FramePtr frame_;
  PacketPtr packet_;
  int64_t count_ = 0;
};

}  // namespace kinetics
