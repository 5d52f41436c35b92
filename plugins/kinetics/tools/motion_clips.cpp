// kinetics-motion-clips: a labelled set of small video files for trying things out and for tests.
#include <vhost/media/generator.h>
#include <vhost/random.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "motion_texture.h"
#include "video_writer.h"

namespace {

namespace fs = std::filesystem;
using namespace kinetics;
using namespace vh::media;

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

struct Options {
  std::string out, classes = "left,right,up,down,clockwise,counterclockwise,grow,shrink";
  int64_t train = 800, eval = 200, seed = 0, threads = 0;
  MotionOptions motion;
  WriterOptions writer;
};

Options parse(int argc, char** argv) {
  Options o;
  parse_options(argc, argv,
                {text_option("--out", o.out),
                 integer_option("--train", o.train, 0, 10000000),
                 integer_option("--eval", o.eval, 0, 10000000),
                 text_option("--classes", o.classes),
                 integer_option("--size", o.motion.size, 16, 1024),
                 integer_option("--frames", o.motion.frames, 2, 4096),
                 integer_option("--fps", o.writer.fps, 1, 240),
                 integer_option("--gop", o.writer.gop, 1, 4096),
                 {"--speed", [&](const std::string& value) { o.motion.speed = std::strtod(value.c_str(), nullptr); }},
                 text_option("--codec", o.writer.codec),
                 integer_option("--seed", o.seed, 0, INT64_MAX),
                 integer_option("--threads", o.threads, 0, 1024)});
  if (o.out.empty()) throw UsageError("--out DIR is missing");
  if (!(o.motion.speed > 0 && o.motion.speed <= 10)) throw UsageError("--speed wants a number above 0, at most 10");
  if (o.writer.codec != "auto" && o.writer.codec != "h264" && o.writer.codec != "mpeg4")
    throw UsageError("--codec is '" + o.writer.codec + "'; want auto, h264 or mpeg4");
  o.motion.size &= ~1;
  o.writer.width = o.writer.height = o.motion.size;
  o.writer.preset = "superfast";
  return o;
}

std::vector<MotionClass> chosen_classes(const std::string& list) {
  std::map<std::string, MotionClass> by_name;
  std::vector<std::string> known;
  for (const auto& motion : motion_classes()) known.push_back(motion.name), by_name[motion.name] = motion;
  std::vector<MotionClass> chosen;
  for (const auto& name : parse_names("--classes", list, known)) chosen.push_back(by_name[name]);
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
  write_file(out / "classes.txt", names);
  write_file(out / "train.txt", train);
  write_file(out / "eval.txt", eval);
  write_file(out / "motion-clips.txt", describe(o));
}

}  // namespace

int main(int argc, char** argv) {
  av_log_set_level(AV_LOG_ERROR);
  return run_generator("kinetics-motion-clips", kHelp, argc, argv, [&] {
    Options options = parse(argc, argv);
    auto classes = chosen_classes(options.classes);
    bool there = read_text(fs::path(options.out) / "motion-clips.txt") == describe(options);
    if (!there) write_all(options, classes);
    std::printf("%s: %lld training and %lld held-out clips of %zu classes%s\n", options.out.c_str(),
                static_cast<long long>(options.train), static_cast<long long>(options.eval), classes.size(),
                there ? ", already there" : "");
  });
}
