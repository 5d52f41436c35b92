// imagenet-shape-images: a labelled set of small JPEG files for trying things out and for tests.
#include <vhost/media/generator.h>
#include <vhost/random.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "jpeg_writer.h"
#include "shape_image.h"

namespace {

namespace fs = std::filesystem;
using namespace imagenet;
using namespace vh::media;

constexpr const char* kHelp =
    R"(imagenet-shape-images: labelled pictures of one shape each, whose colours, place, size and angle vary

Usage: imagenet-shape-images --out DIR [options]

  --out DIR        folder to fill: train/CLASS/*.jpg, val/CLASS/*.jpg, train.txt, val.txt, classes.txt
  --train N        training images (800)
  --val N          held-out images (200)
  --classes LIST   comma-separated names out of: circle ring square triangle cross star stripes checks; default: all.
                   Labels follow the sorted names, as class folders do
  --size N         width and height in pixels, 8 to 4096 (64)
  --quality N      of the JPEGs, 1 to 100 (92)
  --seed N         the same seed and options make the same pictures (0)
  --help           this text

Does nothing if DIR already holds the images that these options would make.
)";

struct Options {
  std::string out;
  std::vector<std::string> classes = shape_classes();
  int64_t train = 800, val = 200, size = 64, quality = 92, seed = 0;
};

Options parse(int argc, char** argv) {
  Options o;
  parse_options(
      argc, argv,
      {text_option("--out", o.out),
       integer_option("--train", o.train, 0, 10000000),
       integer_option("--val", o.val, 0, 10000000),
       {"--classes", [&](const std::string& list) { o.classes = parse_names("--classes", list, shape_classes()); }},
       integer_option("--size", o.size, 8, 4096),
       integer_option("--quality", o.quality, 1, 100),
       integer_option("--seed", o.seed, 0, INT64_MAX)});
  if (o.out.empty()) throw UsageError("--out DIR is missing");
  std::sort(o.classes.begin(), o.classes.end());
  o.classes.erase(std::unique(o.classes.begin(), o.classes.end()), o.classes.end());
  return o;
}

std::string describe(const Options& o) {
  std::ostringstream text;
  text << "imagenet-shape-images 1\ntrain " << o.train << "\nval " << o.val << "\nclasses";
  for (const auto& name : o.classes) text << ' ' << name;
  text << "\nsize " << o.size << "\nquality " << o.quality << "\nseed " << o.seed << "\n";
  return text.str();
}

// Image k shows class k mod n. Returns the list file's text.
std::string write_split(const Options& o, const std::string& split, int64_t count) {
  std::string list;
  JpegSettings settings;
  settings.quality = static_cast<int>(o.quality);
  for (int64_t k = 0; k < count; ++k) {
    size_t label = static_cast<size_t>(k) % o.classes.size();
    fs::path folder = fs::path(split) / o.classes[label];
    if (k == static_cast<int64_t>(label)) fs::create_directories(o.out / folder);
    uint64_t seed = vh_hash3(static_cast<uint64_t>(o.seed), vh_hash_text(split.c_str()), static_cast<uint64_t>(k));
    auto bytes = encode_jpeg(shape_image(o.size, o.classes[label], seed), settings);
    char number[32];
    std::snprintf(number, sizeof number, "_%06lld.jpg", static_cast<long long>(k));
    std::string name = (folder / (o.classes[label] + number)).string();
    write_file(fs::path(o.out) / name, bytes.data(), bytes.size());
    list += name + " " + std::to_string(label) + "\n";
  }
  return list;
}

// What an earlier call with other options left would mix with the new files.
void refuse_leftovers(const Options& o) {
  for (const char* split : {"train", "val"})
    if (fs::exists(fs::path(o.out) / split))
      throw std::runtime_error(o.out + "/" + split +
                               " is there already, but not from these options: give an empty folder, or remove it");
}

void write_all(const Options& o) {
  refuse_leftovers(o);
  fs::path out = o.out;
  fs::create_directories(out);
  std::string names, train = write_split(o, "train", o.train), val = write_split(o, "val", o.val);
  for (const auto& name : o.classes) names += name + "\n";
  write_file(out / "train.txt", train);
  write_file(out / "val.txt", val);
  write_file(out / "classes.txt", names);
  write_file(out / "shape-images.txt", describe(o));
}

}  // namespace

int main(int argc, char** argv) {
  return run_generator("imagenet-shape-images", kHelp, argc, argv, [&] {
    Options options = parse(argc, argv);
    bool there = read_text(fs::path(options.out) / "shape-images.txt") == describe(options);
    if (!there) write_all(options);
    std::printf("%s: %lld training and %lld held-out images of %zu classes%s\n", options.out.c_str(),
                static_cast<long long>(options.train), static_cast<long long>(options.val), options.classes.size(),
                there ? ", already there" : "");
  });
}
