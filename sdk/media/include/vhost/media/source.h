// What the core of a dataset of pictures or clips (which files, decoding, crops) and its edge to the host share. The
// core throws these errors as they are to reach the host: nothing in between translates them.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vhost/cpp/error.hpp>

namespace vh::media {

// A parameter that can't be used; `pointer` is its JSON pointer.
struct OptionError : Error {
  OptionError(const std::string& at, const std::string& what) : Error(what, VH_ERR_PARAM, {}, at) {}
};

// A sample that can't be read: what() is the cause, `path` the file.
struct SampleError : Error {
  std::string path;
  SampleError(const std::string& file, const std::string& what) : Error(what, VH_ERR_DATA, file), path(file) {}
};

// Hooks::cancelled() said so. `doing`: "scanning videos".
struct Cancelled : Error {
  explicit Cancelled(const std::string& doing) : Error("stopped while " + doing, VH_ERR_CANCELLED) {}
};

enum class Pass { kTrain, kEval, kPredict };

// Where one augmentation of a sample goes; everything random in it is a function of the seed.
struct Output {
  uint64_t seed;
  uint8_t* pixels;  // [views][height][width][3], or [views][frames][height][width][3]
};

// What a sample's file is. 0: not known.
struct FileFacts {
  int64_t width = 0, height = 0;  // as seen: turned as its metadata say
  int64_t frames = 0;             // that clips are made of
  int64_t missing = 0;            // frames that the container announces and the file doesn't hold: it was cut off
  double seconds = 0, frame_rate = 0;
};

// What setting up asks of the host (host_hooks() in dataset.h). As it stands: one thread, silent, never cancelled.
struct Hooks {
  using Range = std::function<void(int64_t begin, int64_t end)>;
  // Calls fn(begin, end) on ranges covering [0, n), maybe in parallel. fn doesn't throw.
  std::function<void(int64_t n, const Range& fn)> parallel = [](int64_t n, const Range& fn) { fn(0, n); };
  std::function<void(const char* what, int64_t done, int64_t total)> progress = [](const char*, int64_t, int64_t) {};
  std::function<bool()> cancelled = [] { return false; };
  std::function<void(const std::string&)> note = [](const std::string&) {};  // worth telling
};

}  // namespace vh::media
