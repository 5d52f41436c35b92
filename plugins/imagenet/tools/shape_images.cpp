// imagenet-shape-images: a labelled set of small JPEG files for trying things out and for tests.
#include <vhost/random.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "jpeg_writer.h"
#include "shape_image.h"

namespace {

namespace fs = std::filesystem;
using namespace imagenet;

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

struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Options {
  std::string out;
  std::vector<std::string> classes = shape_classes();
  int64_t train = 800, val = 200, size = 64, quality = 92, seed = 0;
};

int64_t integer(const std::string& name, const std::string& text, int64_t low, int64_t high) {
  int64_t value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || *end || value < low || value > high)
    throw UsageError(name + " is '" + text + "'; want an integer from " + std::to_string(low) + " to " +
                     std::to_string(high));
  return value;
}

std::vector<std::string> class_list(const std::string& text) {
  std::vector<std::string> names;
  const auto& known = shape_classes();
  std::stringstream in(text);
  for (std::string name; std::getline(in, name, ',');) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw UsageError("--classes: there is no class '" + name + "'");
    names.push_back(name);
  }
  if (names.empty()) throw UsageError("--classes is empty");
  return names;
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
    if (name == "--out")
      o.out = value;
    else if (name == "--train")
      o.train = number(0, 10000000);
    else if (name == "--val")
      o.val = number(0, 10000000);
    else if (name == "--classes")
      o.classes = class_list(value);
    else if (name == "--size")
      o.size = number(8, 4096);
    else if (name == "--quality")
      o.quality = number(1, 100);
    else if (name == "--seed")
      o.seed = number(0, INT64_MAX);
    else
      throw UsageError("unknown option " + name);
  }
  if (o.out.empty()) throw UsageError("--out DIR is missing");
  std::sort(o.classes.begin(), o.classes.end());
  o.classes.erase(std::unique(o.classes.begin(), o.classes.end()), o.classes.end());
  return o;
}

void write_bytes(const fs::path& path, const void* data, size_t size) {
  fs::path temporary = path.string() + ".tmp";
  std::ofstream out(temporary, std::ios::binary);
  out.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
  out.close();
  if (!out) throw std::runtime_error(temporary.string() + ": can't be written");
  fs::rename(temporary, path);
}
void write_text(const fs::path& path, const std::string& text) {
  write_bytes(path, text.data(), text.size());
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
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
    write_bytes(fs::path(o.out) / name, bytes.data(), bytes.size());
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
  write_text(out / "train.txt", train);
  write_text(out / "val.txt", val);
  write_text(out / "classes.txt", names);
  write_text(out / "shape-images.txt", describe(o));
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    if (!std::strcmp(argv[i], "--help") || !std::strcmp(argv[i], "-h")) return std::fputs(kHelp, stdout), 0;
  try {
    Options options = parse(argc, argv);
    bool there = read_text(fs::path(options.out) / "shape-images.txt") == describe(options);
    if (!there) write_all(options);
    std::printf("%s: %lld training and %lld held-out images of %zu classes%s\n", options.out.c_str(),
                static_cast<long long>(options.train), static_cast<long long>(options.val), options.classes.size(),
                there ? ", already there" : "");
    return 0;
  } catch (const UsageError& error) {
    return std::fprintf(stderr, "imagenet-shape-images: %s (see --help)\n", error.what()), 2;
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "imagenet-shape-images: %s\n", error.what()), 1;
  }
}
