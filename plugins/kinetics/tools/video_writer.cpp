#include "video_writer.h"

#include <stdexcept>

namespace kinetics {

VideoWriter::VideoWriter(const std::string& path, const WriterOptions& o)
    : path_(path), frame_(av_frame_alloc()), packet_(av_packet_alloc()) {
  const AVCodec* codec = o.codec == "mpeg4" ? nullptr : avcodec_find_encoder_by_name("libx264");
  if (!codec && o.codec == "h264") throw std::runtime_error("this FFmpeg has no libx264 encoder; use --codec mpeg4");
  bool h264 = codec != nullptr;
  if (!codec) codec = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
  if (!codec) throw std::runtime_error("this FFmpeg has neither the encoder libx264 nor mpeg4");
  int status = avformat_alloc_output_context2(&format_, nullptr, nullptr, path.c_str());
  if (status < 0) fail("no container format", status);
  format_->flags |= AVFMT_FLAG_BITEXACT;
  encoder_.reset(avcodec_alloc_context3(codec));
  AVCodecContext& e = *encoder_;
  e.width = o.width, e.height = o.height, e.pix_fmt = AV_PIX_FMT_YUV420P;
  e.time_base = {1, o.fps}, e.framerate = {o.fps, 1}, e.gop_size = o.gop, e.thread_count = 1;
  e.flags |= AV_CODEC_FLAG_BITEXACT;
  if (format_->oformat->flags & AVFMT_GLOBALHEADER) e.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  AVDictionary* settings = nullptr;
  if (h264) {
    av_dict_set(&settings, "preset", o.preset.c_str(), 0);
    // One quantiser for every frame, whatever moves in it. (Rate control by
    // CRF isn't even the same twice in one process.)
    std::string rate = "qp=" + std::to_string(o.quality) + ":ipratio=1:pbratio=1:aq-mode=0:b-adapt=0:bframes=2";
    av_dict_set(&settings, "x264-params", ("scenecut=0:" + rate + (o.x264.empty() ? "" : ":" + o.x264)).c_str(), 0);
  } else {
    e.flags |= AV_CODEC_FLAG_QSCALE;
    e.global_quality = FF_QP2LAMBDA * std::max(1, o.quality / 6);
  }
  status = avcodec_open2(&e, codec, &settings);
  av_dict_free(&settings);
  if (status < 0) fail("the encoder can't be opened", status);
  stream_ = avformat_new_stream(format_, nullptr);
  stream_->time_base = e.time_base, stream_->avg_frame_rate = e.framerate;
  avcodec_parameters_from_context(stream_->codecpar, &e);
  if ((status = avio_open(&format_->pb, path.c_str(), AVIO_FLAG_WRITE)) < 0) fail("can't be written", status);
  if ((status = avformat_write_header(format_, nullptr)) < 0) fail("can't be written", status);
  frame_->format = e.pix_fmt, frame_->width = o.width, frame_->height = o.height;
  if ((status = av_frame_get_buffer(frame_.get(), 0)) < 0) fail("no frame", status);
}

VideoWriter::~VideoWriter() {
  if (!format_) return;
  avio_closep(&format_->pb);
  avformat_free_context(format_);
}

void VideoWriter::fail(const std::string& what, int code) const {
  throw std::runtime_error(path_ + ": " + what + ": " + av_error_text(code));
}

AVFrame& VideoWriter::frame() {
  if (int status = av_frame_make_writable(frame_.get()); status < 0) fail("no frame", status);
  return *frame_;
}

void VideoWriter::write() {
  frame_->pts = count_++;
  drain(frame_.get());
}

void VideoWriter::finish() {
  drain(nullptr);
  int status = av_write_trailer(format_);
  if (status < 0) fail("can't be written", status);
  if ((status = avio_closep(&format_->pb)) < 0) fail("can't be written", status);
}

void VideoWriter::drain(const AVFrame* frame) {
  int status = avcodec_send_frame(encoder_.get(), frame);
  if (status < 0) fail("encoding failed", status);
  while ((status = avcodec_receive_packet(encoder_.get(), packet_.get())) >= 0) {
    packet_->duration = 1;
    av_packet_rescale_ts(packet_.get(), encoder_->time_base, stream_->time_base);
    packet_->stream_index = stream_->index;
    if ((status = av_interleaved_write_frame(format_, packet_.get())) < 0) fail("can't be written", status);
  }
  if (status != AVERROR(EAGAIN) && status != AVERROR_EOF) fail("encoding failed", status);
}

}  // namespace kinetics
