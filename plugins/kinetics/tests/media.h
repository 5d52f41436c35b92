// Where the sample media lie, and ffmpeg as the oracle.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace kinetics_test {

// $VHOST_MEDIA, else <source dir>/../shared/media; empty if there is none.
inline std::filesystem::path media_folder() {
  const char* set = std::getenv("VHOST_MEDIA");
  const char* source = std::getenv("VHOST_SOURCE_DIR");
  std::filesystem::path folder = set      ? std::filesystem::path(set)
                                 : source ? std::filesystem::path(source) / ".." / "shared" / "media"
                                          : "";
  return !folder.empty() && std::filesystem::is_directory(folder / "videos") ? folder : std::filesystem::path();
}

// All files of videos/ and derived/videos/, sorted.
std::vector<std::filesystem::path> readable_videos();

// What a shell command prints; throws if it can't be run. `status` gets its exit status.
std::string output_of(const std::string& command, int* status = nullptr);
bool has_ffmpeg();

struct OracleFrame {
  double seconds;   // since the first frame
  std::string md5;  // of the tightly packed planes
};
// ffmpeg's decode of the best video stream, every frame, without turning it. filter: "" or a filter chain.
std::vector<OracleFrame> oracle_frames(const std::filesystem::path& file, int stream, const std::string& filter = "");

std::string md5_of(const uint8_t* data, size_t size);

// A fresh folder, removed at the end.
struct TemporaryFolder {
  std::filesystem::path path;
  TemporaryFolder();
  ~TemporaryFolder();
  std::filesystem::path write(const std::string& name, const std::string& text) const;
};

}  // namespace kinetics_test
