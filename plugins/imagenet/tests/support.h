// Pictures, files and folders for the tests.
#pragma once
#include <vhost/media/picture.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "jpeg_writer.h"

namespace imagenet_test {

using File = std::vector<uint8_t>;

// Smooth colours with some noise: compresses like a photo.
vh::media::Picture test_picture(int64_t width, int64_t height, uint64_t seed = 1);

// A JPEG with an EXIF block that states an orientation.
File with_orientation(const File& jpeg, int orientation);

// The files below tests/fixtures, sorted.
std::vector<std::filesystem::path> fixtures();

// $VHOST_MEDIA, else <source dir>/../shared/media; empty if there is none.
std::filesystem::path media_folder();

// A fresh folder, removed at the end.
struct TemporaryFolder {
  std::filesystem::path path;
  TemporaryFolder();
  ~TemporaryFolder();
  std::string write(const std::string& name, const std::string& text) const;
  std::string write(const std::string& name, const File& bytes) const;
};

}  // namespace imagenet_test
