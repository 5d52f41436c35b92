// kinetics-motion-clips: a labelled set of small video files for trying things out and for tests.
#include <vhost/random.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "motion_texture.h"
#include "video_writer.h"

namespace {

namespace fs = std::filesystem;
using namespace kinetics;

constexpr const char* kHelp =
    R"(kinetics-motion-clips: labelled clips of a moving colour mosaic, whose class no single frame can tell

Usage: kinetics-motion-clips --out DIR [options]

  --out DIR        folder to fill: train/, eval/, train.txt, eval.txt, classes.txt
  --train N        training clips (800)
  --eval N         held-out clips (200)
  --classes LIST   comma-separated names out of: left right up down clockwise counterclockwise grow shrink
                   hue_forward hue_backward order1 order2 order3 order4; default: the first eight.
                   order1..4 show the same colours in four orders: of 8 frames with stride 2 even shuffled ones
                   say nothing
  --size N         width and height in pixels, even, 16 to 1024 (64)
  --frames N       frames of a clip, 2 to 4096 (32)
  --fps N          frame rate (25)
  --gop N          frames between two key frames (12)
  --speed X        speed of motion; 1 = a twentieth of the width, 6 degrees or 7 % per frame (1)
  --codec NAME     h264, mpeg4 or auto: h264 if this FFmpeg can encode it (auto)
  --seed N         the same seed and options make the same files (0)
  --threads N      0 = all cores (0)
  --help           this text

Does nothing if DIR already holds the clips that these options would make.
)";

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  std::string out, classes = "left,right,up,down,clockwise,counterclockwise,grow,shrink";
  int64_t train = 800, eval = 200, seed = 0, threads = 0;
  MotionOptions motion;
  WriterOptions writer;
};

int64_t integer(const std::string& name, const std::string& text, int64_t low, int64_t high) {
  int64_t value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || *end || value < low || value > high)
    throw UsageError(name + " is '" + text + "'; want an integer from " + std::to_string(low) + " to " +
                     std::to_string(high));
  return value;
}

Options parse(int argc, char** argv) {
  Options o;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i], value;
    if (auto equals = name.find('='); name.starts_with("--") && equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    } else if (i + 1 < argc) {
      value = argv[++i];
    } else {
      throw UsageError(name + " has no value");
    }
    auto number = [&](int64_t low, int64_t high) { return integer(name, value, low, high); };
    auto small = [&](int64_t low, int64_t high) { return static_cast<int>(number(low, high)); };
    if (name == "--out")
      o.out = value;
    else if (name == "--train")
      o.train = number(0, 10000000);
    else if (name == "--eval")
      o.eval = number(0, 10000000);
    else if (name == "--classes")
      o.classes = value;
    else if (name == "--size")
      o.motion.size = small(16, 1024) & ~1;
    else if (name == "--frames")
      o.motion.frames = small(2, 4096);
    else if (name == "--fps")
      o.writer.fps = small(1, 240);
    else if (name == "--gop")
      o.writer.gop = small(1, 4096);
    else if (name == "--speed")
      o.motion.speed = std::strtod(value.c_str(), nullptr);
    else if (name == "--codec")
      o.writer.codec = value;
    else if (name == "--seed")
      o.seed = number(0, INT64_MAX);
    else if (name == "--threads")
      o.threads = number(0, 1024);
    else
      throw UsageError("unknown option " + name);
  }
  if (o.out.empty()) throw UsageError("--out DIR is missing");
  if (!(o.motion.speed > 0 && o.motion.speed <= 10)) throw UsageError("--speed wants a number above 0, at most 10");
  if (o.writer.codec != "auto" && o.writer.codec != "h264" && o.writer.codec != "mpeg4")
    throw UsageError("--codec is '" + o.writer.codec + "'; want auto, h264 or mpeg4");
  o.writer.width = o.writer.height = o.motion.size;
  o.writer.preset = "superfast";
  return o;
}

std::vector<MotionClass> chosen_classes(const std::string& list) {
  std::vector<MotionClass> chosen;
  std::stringstream in(list);
  for (std::string name; std::getline(in, name, ',');) {
    auto known = std::find_if(motion_classes().begin(), motion_classes().end(),
                              [&](const MotionClass& m) { return name == m.name; });
    if (known == motion_classes().end()) throw UsageError("--classes: there is no class '" + name + "'");
    chosen.push_back(*known);
  }
  if (chosen.empty()) throw UsageError("--classes is empty");
  return chosen;
}

std::string clip_name(const char* split, int64_t i) {
  char text[64];
  std::snprintf(text, sizeof text, "%s/%06lld.mp4", split, static_cast<long long>(i));
  return text;
}

void write_clip(const Options& o, const MotionClass& motion, uint64_t seed, const std::string& path) {
  MotionClip clip(o.motion, motion, seed);
  VideoWriter writer(path, o.writer);
  for (int t = 0; t < o.motion.frames; ++t) {
    AVFrame& f = writer.frame();
    clip.draw(t, f.data[0], f.linesize[0], f.data[1], f.data[2], f.linesize[1]);
    writer.write();
  }
  writer.finish();
}

void write_text(const fs::path& path, const std::string& text) {
  fs::path temporary = path.string() + ".tmp";
  std::ofstream out(temporary, std::ios::binary);
  out << text;
  out.close();
  if (!out) throw std::runtime_error(temporary.string() + ": can't be written");
  fs::rename(temporary, path);
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string describe(const Options& o) {
  std::ostringstream text;
  text << "kinetics-motion-clips 1\ntrain " << o.train << "\neval " << o.eval << "\nclasses " << o.classes << "\nsize "
       << o.motion.size << "\nframes " << o.motion.frames << "\nfps " << o.writer.fps << "\ngop " << o.writer.gop
       << "\nspeed " << o.motion.speed << "\ncodec " << o.writer.codec << "\nseed " << o.seed << "\n";
  return text.str();
}

void write_all(const Options& o, const std::vector<MotionClass>& classes) {
  fs::path out = o.out;
  fs::create_directories(out / "train");
  fs::create_directories(out / "eval");
  fs::remove(out / "motion-clips.txt");
  std::atomic<int64_t> next = 0;
  std::mutex guard;
  std::string failure;
  auto work = [&] {
    for (int64_t i; (i = next++) < o.train + o.eval;) {
      bool train = i < o.train;
      int64_t k = train ? i : i - o.train;
      auto label = static_cast<size_t>(k) % classes.size();
      try {
        uint64_t seed =
            vh_hash3(static_cast<uint64_t>(o.seed), vh_hash_text(train ? "train" : "eval"), static_cast<uint64_t>(k));
        write_clip(o, classes[label], seed, (out / clip_name(train ? "train" : "eval", k)).string());
      } catch (const std::exception& error) {
        std::lock_guard lock(guard);
        failure = error.what();
        next = o.train + o.eval;
      }
    }
  };
  std::vector<std::thread> threads;
  auto wanted = o.threads ? static_cast<unsigned>(o.threads) : std::max(1u, std::thread::hardware_concurrency());
  for (unsigned t = 0; t < wanted; ++t) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
  if (!failure.empty()) throw std::runtime_error(failure);

  std::string names, train, eval;
  for (const auto& motion : classes) names += std::string(motion.name) + "\n";
  auto line = [&](const char* split, int64_t k) {
    return clip_name(split, k) + " " + std::to_string(static_cast<size_t>(k) % classes.size()) + "\n";
  };
  for (int64_t k = 0; k < o.train; ++k) train += line("train", k);
  for (int64_t k = 0; k < o.eval; ++k) eval += line("eval", k);
  write_text(out / "classes.txt", names);
  write_text(out / "train.txt", train);
  write_text(out / "eval.txt", eval);
  write_text(out / "motion-clips.txt", describe(o));
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    if (!std::strcmp(argv[i], "--help") || !std::strcmp(argv[i], "-h")) return std::fputs(kHelp, stdout), 0;
  av_log_set_level(AV_LOG_ERROR);
  try {
    Options options = parse(argc, argv);
    auto classes = chosen_classes(options.classes);
    bool there = read_text(fs::path(options.out) / "motion-clips.txt") == describe(options);
    if (!there) write_all(options, classes);
    std::printf("%s: %lld training and %lld held-out clips of %zu classes%s\n", options.out.c_str(),
                static_cast<long long>(options.train), static_cast<long long>(options.eval), classes.size(),
                there ? ", already there" : "");
    return 0;
  } catch (const UsageError& error) {
    std::fprintf(stderr, "kinetics-motion-clips: %s (see --help)\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kinetics-motion-clips: %s\n", error.what());
    return 1;
  }
}
