// kinetics-read-clips: times the whole pipeline (decode, crop, resize, batch) as workers run it, for
// bench/pipeline_bench.py.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>

#include "clips.h"

using namespace kinetics;

// Usage: kinetics-read-clips LIST CACHE_DIR WORKERS BATCHES. Batches of 8 clips, 16 frames, stride 4, random resized
// crops of 224.
int main(int argc, char** argv) {
  if (argc != 5) return std::fprintf(stderr, "usage: kinetics-read-clips LIST CACHE_DIR WORKERS BATCHES\n"), 2;
  constexpr int64_t kBatch = 8;
  ClipsOptions options;
  options.list = argv[1], options.cache_dir = argv[2], options.flip = 0.5;
  options.crop.kind = CropKind::kRandomResized;
  int64_t workers = std::atoll(argv[3]), batches = std::atoll(argv[4]);
  try {
    Clips clips(options, {});
    auto size = static_cast<size_t>(clips.video_bytes(Pass::kTrain));
    std::atomic<int64_t> next = 0;
    std::clock_t cpu = std::clock();
    auto begin = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (int64_t w = 0; w < workers; ++w)
      threads.emplace_back([&] {
        std::vector<uint8_t> batch(size * kBatch);
        for (int64_t b; (b = next++) < batches;)
          for (int64_t i = 0; i < kBatch; ++i) {
            auto number = static_cast<uint64_t>(b * kBatch + i);
            Output output{number, batch.data() + static_cast<size_t>(i) * size};
            clips.read(static_cast<int64_t>(number) % clips.length(), Pass::kTrain, {&output, 1});
          }
      });
    for (auto& thread : threads) thread.join();
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    double cpu_seconds = static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC;
    auto n = static_cast<double>(batches * kBatch);
    std::printf("%.3f clips/s of CPU time, %.3f of wall time\n", n / cpu_seconds, n / seconds);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kinetics-read-clips: %s\n", error.what());
    return 1;
  }
}
