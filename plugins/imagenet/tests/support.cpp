#include "support.h"

#include <unistd.h>
#include <vhost/random.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>

namespace imagenet_test {

namespace fs = std::filesystem;

vh::media::Picture test_picture(int64_t width, int64_t height, uint64_t seed) {
  vh_random random = vh_random_from(seed);
  vh::media::Picture out;
  out.width = width, out.height = height;
  double fx = vh_random_uniform(&random, 0.02, 0.3), fy = vh_random_uniform(&random, 0.02, 0.3);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        double wave = std::sin(fx * static_cast<double>(x) * (c + 1)) + std::cos(fy * static_cast<double>(y) + c);
        out.rgb.push_back(
            static_cast<uint8_t>(std::clamp(128 + 50 * wave + vh_random_uniform(&random, -20, 20), 0.0, 255.0)));
      }
  return out;
}

File with_orientation(const File& jpeg, int orientation) {
  std::string app1(
      "\xff\xe1\0\x22"
      "Exif\0\0"
      "MM\0\x2a\0\0\0\x08\0\x01"
      "\x01\x12\0\x03\0\0\0\x01\0",
      29);
  app1 += static_cast<char>(orientation);
  app1.append(6, '\0');
  std::string text(jpeg.begin(), jpeg.end());
  text.insert(2, app1);
  return File(text.begin(), text.end());
}

std::vector<fs::path> fixtures() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(IMAGENET_FIXTURES))
    if (entry.path().extension() != ".py") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

fs::path media_folder() {
  const char* set = std::getenv("VHOST_MEDIA");
  const char* source = std::getenv("VHOST_SOURCE_DIR");
  fs::path folder = set ? fs::path(set) : source ? fs::path(source) / ".." / "shared" / "media" : "";
  return !folder.empty() && fs::is_directory(folder / "images") ? folder : fs::path();
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "imagenet-test-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  path = name;
}
TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}
std::string TemporaryFolder::write(const std::string& name, const std::string& text) const {
  fs::create_directories((path / name).parent_path());
  std::ofstream(path / name, std::ios::binary) << text;
  return (path / name).string();
}
std::string TemporaryFolder::write(const std::string& name, const File& bytes) const {
  return write(name, std::string(bytes.begin(), bytes.end()));
}

}  // namespace imagenet_test
