// Decodes chosen frames of one video, skipping what they don't need.
#pragma once
#include <functional>
#include <span>
#include <stdexcept>
#include <string>

#include "video_index.h"

namespace kinetics {

// A file, or a frame of it, can't be decoded. what() names the cause, not the file.
struct DecodeError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct DecodeStatistics {
  int64_t packets = 0;  // given to the decoder
  int64_t starts = 0;   // jumps to a start
};

// Calls visit(frame index, frame) once for each of `frames` (ascending, distinct, all in [0, index.frames())), in
// ascending order. The frame is valid for the call. One thread. With `accept_damaged` frames that the decoder patched
// up count as decoded, as the ffmpeg program has it. Throws DecodeError.
void decode_frames(const std::string& path, const VideoIndex& index, std::span<const int64_t> frames,
                   bool accept_damaged, const std::function<void(int64_t, const AVFrame&)>& visit,
                   DecodeStatistics* statistics = nullptr);

}  // namespace kinetics
