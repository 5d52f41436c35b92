// kinetics-decode-clips: times the decoding of given clips, for bench/decode_bench.py.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "convert.h"
#include "decoder.h"

using namespace kinetics;

namespace {

constexpr const char* kUsage = R"(usage: kinetics-decode-clips JOBS [--dump FILE] [--fast]
Decodes 'start stride count path' a line into packed RGB of full size, opening the file for each clip; one thread.
Prints clips per second of CPU time and of wall time. --dump writes the pictures; --fast converts as most readers do:
with libswscale's default instead of its bit-exact code.
)";

struct Job {
  int64_t start, stride, count;
  std::string path;
};

// libswscale's default conversion. Its vector code leaves out what doesn't fill a vector, so rows are padded.
class FastConverter {
 public:
  void convert(const AVFrame& frame, uint8_t* out) {
    scaler_.reset(sws_getCachedContext(scaler_.release(), frame.width, frame.height,
                                       static_cast<AVPixelFormat>(frame.format), frame.width, frame.height,
                                       AV_PIX_FMT_RGB24, SWS_BILINEAR, nullptr, nullptr, nullptr));
    int space = frame.colorspace == AVCOL_SPC_UNSPECIFIED ? SWS_CS_DEFAULT : static_cast<int>(frame.colorspace);
    sws_setColorspaceDetails(scaler_.get(), sws_getCoefficients(space), frame.color_range == AVCOL_RANGE_JPEG,
                             sws_getCoefficients(SWS_CS_DEFAULT),
                             /*dstRange=*/1, 0, 1 << 16, 1 << 16);
    int stride = (frame.width * 3 + 127) / 64 * 64;
    padded_.resize(static_cast<size_t>(stride) * static_cast<size_t>(frame.height) + 64);
    uint8_t* target[4] = {padded_.data() + (64 - reinterpret_cast<uintptr_t>(padded_.data()) % 64)};
    int strides[4] = {stride};
    sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, target, strides);
    av_image_copy_plane(out, frame.width * 3, target[0], stride, frame.width * 3, frame.height);
  }

 private:
  SwsPtr scaler_;
  std::vector<uint8_t> padded_;
};

std::vector<Job> read_jobs(const char* file) {
  std::vector<Job> jobs;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    Job job;
    fields >> job.start >> job.stride >> job.count >> std::ws;
    std::getline(fields, job.path);
    jobs.push_back(job);
  }
  return jobs;
}

double cpu_seconds() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

void run(const std::vector<Job>& jobs, bool fast, std::ofstream* dump) {
  std::map<std::string, std::string> indices;  // packed, as the scan cache holds them
  for (const Job& job : jobs)
    if (!indices.count(job.path)) indices[job.path] = pack_index(scan_video(job.path, ScanMode::kPackets));
  std::vector<uint8_t> rgb;
  FastConverter fast_converter;
  int64_t packets = 0;
  double cpu = cpu_seconds();
  auto begin = std::chrono::steady_clock::now();
  for (const Job& job : jobs) {
    const std::string& packed = indices[job.path];
    VideoIndex index = unpack_index(reinterpret_cast<const uint8_t*>(packed.data()), packed.size());
    std::vector<int64_t> frames;
    for (int64_t k = 0; k < job.count; ++k) frames.push_back(job.start + k * job.stride);
    int width = index.codec.width, height = index.codec.height;
    size_t bytes = static_cast<size_t>(width) * static_cast<size_t>(height) * 3, at = 0;
    rgb.resize(bytes * frames.size());
    Converter converter({0, 0, width, height}, 0, /*mirror=*/false, width, height);
    DecodeStatistics statistics;
    decode_frames(
        job.path, index, frames, /*accept_damaged=*/false,
        [&](int64_t, const AVFrame& frame) {
          if (fast)
            fast_converter.convert(frame, rgb.data() + at);
          else
            converter.convert(frame, rgb.data() + at);
          at += bytes;
        },
        &statistics);
    packets += statistics.packets;
    if (dump) dump->write(reinterpret_cast<const char*>(rgb.data()), static_cast<std::streamsize>(at));
  }
  double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  auto n = static_cast<double>(jobs.size());
  std::printf("%.3f clips/s of CPU time, %.3f of wall time, %.1f packets decoded per clip\n", n / (cpu_seconds() - cpu),
              n / wall, static_cast<double>(packets) / n);
}

}  // namespace

int main(int argc, char** argv) {
  std::ofstream dump;
  bool fast = false;
  for (int i = 2; i < argc; ++i) {
    if (!std::strcmp(argv[i], "--fast"))
      fast = true;
    else if (!std::strcmp(argv[i], "--dump") && i + 1 < argc)
      dump.open(argv[++i], std::ios::binary);
    else
      argc = 0;
  }
  if (argc < 2) return std::fputs(kUsage, stderr), 2;
  try {
    run(read_jobs(argv[1]), fast, dump.is_open() ? &dump : nullptr);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kinetics-decode-clips: %s\n", error.what());
    return 1;
  }
}
