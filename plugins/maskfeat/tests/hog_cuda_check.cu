// hog_cuda_check [FRAMES [ROUNDS]]: HOG's CUDA kernel against the CPU kernel, and its time. Needs neither host nor SDK.
// CMake builds it with VHOST_CUDA. By hand, in plugins/maskfeat:
//   g++ -std=c++20 -O3 -fno-math-errno -fno-trapping-math -ffp-contract=off -Isrc -c src/hog_cpu.cpp src/hog_rows.cpp
//   nvcc -std=c++17 -O3 -arch=native --expt-relaxed-constexpr -prec-sqrt=false -ftz=true -Isrc -o hog_cuda_check
//     tests/hog_cuda_check.cu src/hog_cuda.cu hog_cpu.o hog_rows.o
// Exit code 0, 1 if they differ, 77 if there is no device.
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "hog_cpu.h"
#include "hog_cuda.h"

    namespace {

  using namespace maskfeat;

  void check(cudaError_t status, const char* what) {
    if (status == cudaSuccess) return;
    std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(status));
    std::exit(1);
  }

  template <class T>
  struct OnDevice {
    explicit OnDevice(size_t n) : n(n) { check(cudaMalloc(&data, n * sizeof(T)), "cudaMalloc"); }
    ~OnDevice() { cudaFree(data); }
    OnDevice(const OnDevice&) = delete;
    OnDevice& operator=(const OnDevice&) = delete;
    T* data = nullptr;
    size_t n;
  };

  HogShape shape(int64_t frames, int64_t height, int64_t width, int64_t channels, int64_t window, int64_t token = 2) {
    return {frames, height, width, channels, 9, 8, token, token, window};
  }

  template <class T>
  HogPixels layout(const T* data, const HogShape& s, bool planes) {
    const int64_t h = s.height, w = s.width, c = s.channels;
    if (planes) return {data, sizeof(T) == 1, 1, 1, c * h * w, 0, w, 1, h * w};
    return {data, sizeof(T) == 1, 1, 1, c * h * w, 0, w * c, c, 1};
  }

  void launch(const HogPixels& pixels, const HogShape& s, float* out, cudaStream_t stream) {
    const char* message = "the kernel declined";
    if (hog_on_cuda(pixels, s, out, 0, stream, &message) == HogLaunch::done) return;
    std::fprintf(stderr, "launch: %s\n", message);
    std::exit(1);
  }

  // Whole numbers from 0 to 255, so that gradients are exact and both kernels choose the same bins.
  template <class T>
  std::vector<T> noise(const HogShape& s) {
    std::mt19937 random(7);
    std::vector<T> pixels(static_cast<size_t>(s.frames * s.height * s.width * s.channels));
    for (T& p : pixels) p = static_cast<T>(random() % 256);
    return pixels;
  }

  // Largest difference of a feature.
  template <class T>
  double difference(const HogShape& s, bool planes) {
    const std::vector<T> pixels = noise<T>(s);
    const auto n = static_cast<size_t>(s.frames * s.tokens() * s.features());
    std::vector<float> want(n), got(n);
    hog_on_cpu(layout(pixels.data(), s, planes), s, want.data(), serial_range);
    OnDevice<T> in(pixels.size());
    OnDevice<float> out(n);
    check(cudaMemset(out.data, 0xff, n * sizeof(float)), "cudaMemset");  // NaN
    check(cudaMemcpy(in.data, pixels.data(), pixels.size() * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
    launch(layout(in.data, s, planes), s, out.data, nullptr);
    check(cudaMemcpy(got.data(), out.data, n * sizeof(float), cudaMemcpyDeviceToHost), "cudaMemcpy");
    double worst = 0;
    for (size_t i = 0; i < n; ++i) {
      const double d = std::abs(static_cast<double>(want[i]) - got[i]);
      worst = d <= worst ? worst : d;  // NaN stays
    }
    return worst;
  }

  bool all_agree() {
    const HogShape shapes[] = {shape(3, 224, 224, 3, 16), shape(2, 32, 48, 3, 0),     shape(2, 48, 80, 3, 16),
                               shape(1, 32, 32, 1, 8, 1), shape(1, 64, 64, 4, 16, 4), shape(1, 16, 16, 2, 16)};
    bool ok = true;
    for (const HogShape& s : shapes) {
      const double bytes = difference<uint8_t>(s, false), floats = difference<float>(s, true);
      const bool good = bytes <= 1e-6 && floats <= 1e-6;
      ok = ok && good;
      std::printf("%s %lldx%lldx%lldx%lld, window %lld, tokens of %lld cells: u8 %.1e, f32 %.1e\n",
                  good ? "ok  " : "FAIL", static_cast<long long>(s.frames), static_cast<long long>(s.height),
                  static_cast<long long>(s.width), static_cast<long long>(s.channels), static_cast<long long>(s.window),
                  static_cast<long long>(s.token_h * s.token_w), bytes, floats);
    }
    return ok;
  }

  // Median milliseconds of a launch.
  template <class T>
  void measure(int64_t frames, int rounds, bool planes) {
    const HogShape s = shape(frames, 224, 224, 3, 16);
    const size_t pixels = static_cast<size_t>(frames * 224 * 224 * 3),
                 features = static_cast<size_t>(frames * 196 * 108);
    OnDevice<T> in(pixels);
    OnDevice<float> out(features);
    check(cudaMemset(in.data, 1, pixels * sizeof(T)), "cudaMemset");
    const std::vector<T> random = noise<T>(shape(1, 224, 224, 3, 16));
    for (int64_t i = 0; i < frames; ++i)
      check(cudaMemcpy(in.data + i * static_cast<int64_t>(random.size()), random.data(), random.size() * sizeof(T),
                       cudaMemcpyHostToDevice),
            "cudaMemcpy");
    cudaEvent_t begin, end;
    check(cudaEventCreate(&begin), "cudaEventCreate");
    check(cudaEventCreate(&end), "cudaEventCreate");
    std::vector<float> times;
    for (int i = 0; i < rounds + 3; ++i) {
      check(cudaEventRecord(begin), "cudaEventRecord");
      launch(layout(in.data, s, planes), s, out.data, nullptr);
      check(cudaEventRecord(end), "cudaEventRecord");
      check(cudaEventSynchronize(end), "the kernel");
      float ms = 0;
      check(cudaEventElapsedTime(&ms, begin, end), "cudaEventElapsedTime");
      if (i >= 3) times.push_back(ms);
    }
    std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
    const double ms = times[rounds / 2], bytes = static_cast<double>(pixels * sizeof(T) + features * sizeof(float));
    std::printf("%s, %lld frames of 224x224x3: %.3f ms, %.0f frames/s, %.2f TB/s read and written\n",
                sizeof(T) == 1 ? "u8" : "f32", static_cast<long long>(frames), ms,
                1e3 * static_cast<double>(frames) / ms, bytes / ms * 1e-9);
  }

}  // namespace

int main(int argc, char** argv) {
  const int64_t frames = argc > 1 ? std::atoll(argv[1]) : 1024;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 50;
  if (frames < 1 || rounds < 1) return std::fprintf(stderr, "usage: hog_cuda_check [FRAMES [ROUNDS]]\n"), 2;
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::printf("skipped: there is no CUDA device\n");
    return 77;
  }
  const bool ok = all_agree();
  measure<uint8_t>(frames, rounds, false);
  measure<float>(frames, rounds, true);
  return ok ? 0 : 1;
}
