#include "media.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

extern "C" {
#include <libavutil/md5.h>
}

namespace kinetics_test {

namespace fs = std::filesystem;

std::vector<fs::path> readable_videos() {
  std::vector<fs::path> files;
  for (const char* folder : {"videos", "derived/videos"})
    for (const auto& entry : fs::directory_iterator(media_folder() / folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::string output_of(const std::string& command, int* status) {
  FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe) throw std::runtime_error("can't run " + command);
  std::string text;
  std::array<char, 65536> buffer;
  for (size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) text.append(buffer.data(), n);
  int code = ::pclose(pipe);
  if (status) *status = code;
  return text;
}

bool has_ffmpeg() {
  int status = 0;
  output_of("ffmpeg -version 2>/dev/null", &status);
  return status == 0;
}

std::vector<OracleFrame> oracle_frames(const fs::path& file, int stream, const std::string& filter) {
  std::string text = output_of("ffmpeg -v quiet -nostdin -noautorotate -i '" + file.string() +
                               "' -map 0:" + std::to_string(stream) + (filter.empty() ? "" : " -vf '" + filter + "'") +
                               " -vsync passthrough -enc_time_base -1 -f framemd5 -");
  std::istringstream in(text);
  std::vector<OracleFrame> frames;
  long long numerator = 1, denominator = 1, first = 0;
  for (std::string line; std::getline(in, line);) {
    if (std::sscanf(line.c_str(), "#tb 0: %lld/%lld", &numerator, &denominator) == 2 || line.empty() || line[0] == '#')
      continue;
    long long dts, pts, duration, size;
    char md5[64];
    if (std::sscanf(line.c_str(), "0, %lld, %lld, %lld, %lld, %63s", &dts, &pts, &duration, &size, md5) != 5) continue;
    if (frames.empty()) first = pts;
    frames.push_back({static_cast<double>((pts - first) * numerator) / static_cast<double>(denominator), md5});
  }
  return frames;
}

std::string md5_of(const uint8_t* data, size_t size) {
  uint8_t digest[16];
  av_md5_sum(digest, data, size);
  char text[33];
  for (int i = 0; i < 16; ++i) std::snprintf(text + 2 * i, 3, "%02x", digest[i]);
  return text;
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "kinetics-test-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  path = name;
}
TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}
fs::path TemporaryFolder::write(const std::string& name, const std::string& text) const {
  std::ofstream(path / name, std::ios::binary) << text;
  return path / name;
}

}  // namespace kinetics_test
