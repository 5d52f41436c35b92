// Pictures for people: PNG files and labelled sheets of frames. Independent of the rest of the report.
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace vhost {

struct Picture {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;  // height x width x 3

  Picture() = default;
  Picture(int width, int height, std::array<uint8_t, 3> color = {0, 0, 0});
};

std::string png_bytes(const Picture& picture);  // throws Error if rgb has not width * height * 3 bytes
void write_png(const std::filesystem::path& path, const Picture& picture);  // atomically; throws Error

// Nearest neighbour when enlarging, mean of the covered area when shrinking.
Picture resized(const Picture& picture, int width, int height);

// A fixed font of 5 x 7 dots, ASCII; other characters show as a box. What lies outside the picture is cut off.
void draw_text(Picture& picture, int x, int y, const std::string& text, std::array<uint8_t, 3> color, int scale = 2);
int text_width(const std::string& text, int scale = 2);
int text_height(int scale = 2);

struct SheetRow {
  std::string label;  // may have several lines
  std::vector<Picture> frames;
};

// One row per clip (input, masked, reconstruction, ...), one column per frame.
struct Sheet {
  std::string title;
  std::vector<std::string> columns;  // above the frames, e.g. "t = 4"; may have several lines, may be empty
  std::vector<SheetRow> rows;
  int max_width = 1600;  // frames are shrunk to fit; small ones are enlarged by a whole factor
};
Picture contact_sheet(const Sheet& sheet);

}  // namespace vhost
