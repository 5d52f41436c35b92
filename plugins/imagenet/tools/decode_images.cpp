// imagenet-decode-images: what the decoders and the evaluation view make of files, for tests against other readers.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>

#include "images.h"

namespace {

using namespace imagenet;

constexpr const char* kHelp = R"(imagenet-decode-images: writes files as raw RGB bytes

Usage: imagenet-decode-images [options] OUT FILE...

  --use-damaged              take what the decoder made of damaged files
  --view SIZE SHORT FILTER   the evaluation view: resized by FILTER (bilinear, bicubic) until the short side is SHORT, then
                             the centre, SIZE x SIZE
  --scaled                   the view may come from JPEGs decoded at 1/2, 1/4 or 1/8

Writes OUT/0.rgb, OUT/1.rgb, .. and prints a line for each file: its width and height, or "error: " and the cause.
)";

struct Options {
  DecodeLimits limits;
  std::optional<ImagesOptions> view;
  bool scaled = false;
  std::string out;
  int first_file = 0;
};

std::optional<Options> parse(int argc, char** argv) {
  Options o;
  int at = 1;
  for (; at < argc && argv[at][0] == '-'; ++at) {
    if (!std::strcmp(argv[at], "--use-damaged")) {
      o.limits.accept_damaged = true;
    } else if (!std::strcmp(argv[at], "--scaled")) {
      o.scaled = true;
    } else if (!std::strcmp(argv[at], "--view") && at + 3 < argc) {
      o.view.emplace();
      o.view->crop.size = std::atoll(argv[++at]);
      o.view->crop.resize_short = std::atoll(argv[++at]);
      o.view->filter = std::strcmp(argv[++at], "bicubic") ? Filter::kBilinear : Filter::kBicubic;
    } else {
      return std::nullopt;
    }
  }
  if (at + 1 >= argc) return std::nullopt;
  o.out = argv[at], o.first_file = at + 1;
  return o;
}

Picture whole(const std::string& file, const Options& o) {
  auto bytes = read_file(file);
  Image image(bytes, o.limits);
  return pack(image.decode({0, 0, image.width(), image.height()}, 1).view().pixels);
}

Picture view(const std::string& file, const Options& o) {
  ImagesOptions options = *o.view;
  options.files = {file}, options.limits = o.limits, options.scaled_decoding = o.scaled;
  Images images(options, {});
  Picture out;
  out.width = out.height = options.crop.size;
  out.rgb.resize(static_cast<size_t>(images.image_bytes(Pass::kEval)));
  Output output{0, out.rgb.data()};
  images.read(0, Pass::kEval, {&output, 1});
  return out;
}

void decode(const std::string& file, const Options& o, const std::string& out) try {
  Picture picture = o.view ? view(file, o) : whole(file, o);
  std::ofstream(out, std::ios::binary)
      .write(reinterpret_cast<const char*>(picture.rgb.data()), static_cast<std::streamsize>(picture.rgb.size()));
  std::printf("%lld %lld\n", static_cast<long long>(picture.width), static_cast<long long>(picture.height));
} catch (const std::exception& error) {
  std::printf("error: %s\n", error.what());
}

}  // namespace

int main(int argc, char** argv) {
  auto options = parse(argc, argv);
  if (!options) return std::fputs(kHelp, stderr), 2;
  for (int i = options->first_file; i < argc; ++i)
    decode(argv[i], *options, options->out + "/" + std::to_string(i - options->first_file) + ".rgb");
}
