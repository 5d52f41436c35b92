// Pictures as PPM (P6) and PGM (P5) files of 8 bits: http://netpbm.sourceforge.net/doc/ppm.html
#pragma once
#include <cstdint>
#include <filesystem>
#include <vector>

namespace frames {

struct Picture {
  int64_t width = 0, height = 0;
  std::vector<uint8_t> rgb;  // height x width x 3; a PGM's grey three times
};

// Throws vh::Error (VH_ERR_DATA) that names the file and what is wrong with it.
Picture read_picture(const std::filesystem::path& path);

}  // namespace frames
