// imagenet-decode-images: what the decoders make of files, for tests against other readers.
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "decode.h"

namespace {

constexpr const char* kHelp = R"(imagenet-decode-images: writes files as raw RGB bytes

Usage: imagenet-decode-images [--use-damaged] [--shrink N] OUT FILE...

Writes OUT/0.rgb, OUT/1.rgb, .. and prints a line for each file: its width and height, or "error: " and the cause.
)";

void decode(const std::string& file, const imagenet::DecodeLimits& limits, int64_t shrink, const std::string& out) try {
  auto bytes = imagenet::read_file(file);
  imagenet::Image image(bytes, limits);
  auto picture = imagenet::pack(image.decode({0, 0, image.width(), image.height()}, shrink).view().pixels);
  std::ofstream(out, std::ios::binary)
      .write(reinterpret_cast<const char*>(picture.rgb.data()), static_cast<std::streamsize>(picture.rgb.size()));
  std::printf("%lld %lld\n", static_cast<long long>(picture.width), static_cast<long long>(picture.height));
} catch (const imagenet::DecodeError& error) {
  std::printf("error: %s\n", error.what());
}

}  // namespace

int main(int argc, char** argv) {
  imagenet::DecodeLimits limits;
  int64_t shrink = 1;
  int at = 1;
  for (; at < argc && argv[at][0] == '-'; ++at) {
    if (!std::strcmp(argv[at], "--use-damaged"))
      limits.accept_damaged = true;
    else if (!std::strcmp(argv[at], "--shrink") && at + 1 < argc)
      shrink = std::strtol(argv[++at], nullptr, 10);
    else
      return std::fputs(kHelp, stderr), 2;
  }
  if (at + 1 >= argc) return std::fputs(kHelp, stderr), 2;
  std::string out = argv[at++];
  for (int i = at; i < argc; ++i) decode(argv[i], limits, shrink, out + "/" + std::to_string(i - at) + ".rgb");
}
