// imagenet-read-images: times decoding, random resized crop to 224, resizing, flipping and conversion to float on one
// thread, for bench/jpeg_pipeline.py.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "images.h"

using namespace imagenet;

// Usage: imagenet-read-images bilinear|bicubic COUNT FILE...
int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: imagenet-read-images bilinear|bicubic COUNT FILE...\n"), 2;
  try {
    ImagesOptions options;
    options.filter = std::strcmp(argv[1], "bicubic") ? Filter::kBilinear : Filter::kBicubic;
    options.crop.kind = CropKind::kRandomResized, options.flip = 0.5;
    options.files.assign(argv + 3, argv + argc);
    Images images(options, {});
    std::vector<uint8_t> out(static_cast<size_t>(images.image_bytes(Pass::kTrain)));
    std::vector<float> tensor(out.size());  // 3 x size x size, 0 to 1
    size_t pixels = out.size() / 3;
    float to_float[256];
    for (int v = 0; v < 256; ++v) to_float[v] = static_cast<float>(v) / 255;
    int64_t count = std::atoll(argv[2]);
    auto begin = std::chrono::steady_clock::now();
    std::clock_t cpu = std::clock();
    for (int64_t i = 0; i < count; ++i) {
      Output output{static_cast<uint64_t>(i), out.data()};
      images.read(i % images.length(), Pass::kTrain, {&output, 1});
      for (size_t p = 0; p < pixels; ++p)
        for (size_t c = 0; c < 3; ++c) tensor[c * pixels + p] = to_float[out[p * 3 + c]];
    }
    double cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    auto n = static_cast<double>(count);
    std::printf("%.1f images/s of CPU time, %.1f of wall time\n", n / cpu_seconds, n / seconds);
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "imagenet-read-images: %s\n", error.what()), 1;
  }
}
