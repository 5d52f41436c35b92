#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "vhost/cpp/testing.hpp"

namespace {

namespace fs = std::filesystem;

// A picture of one colour with its left half black; PGM if `grey`.
void write_picture(const fs::path& path, int width, int height, int value, bool grey = false) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << (grey ? "P5" : "P6") << "\n# a comment\n" << width << " " << height << "\n255\n";
  for (int i = 0; i < width * height * (grey ? 1 : 3); ++i)
    file.put(static_cast<char>((i / (grey ? 1 : 3)) % width < width / 2 ? 0 : value));
}

// The brightness of frame t's right half.
int value(const std::vector<std::vector<uint8_t>>& sample, int t, int size) {
  return sample.at(0).at(static_cast<size_t>((t + 1) * size * size * 3 - 1));
}

}  // namespace

int main(int, char** argv) {
  const fs::path root = fs::temp_directory_path() / ("frames-tests-" + std::to_string(getpid()));
  for (int i = 0; i < 12; ++i) write_picture(root / "up/a" / (std::to_string(i) + ".ppm"), 6, 4, 10 * i);
  write_picture(root / "up/b/0.pgm", 4, 4, 77, true);
  write_picture(root / "down/c/000.ppm", 4, 4, 50);
  std::ofstream(root / "down/c/001.ppm") << "P6 4 4 255\nshort";
  const std::string where = R"({"root": ")" + root.string() + R"(", "frames": 3, "size": 2)";

  const vh::test::Plugin plugin(argv[1]);
  auto data = plugin.make<vh_dataset_1>("clips", where + "}");
  VH_CHECK(data.length() == 3);
  VH_CHECK(data.class_name(0) == "down" && data.class_name(1) == "up");
  VH_CHECK(data.fields().at(1).classes == 2);
  VH_CHECK(data.name(1) == (root / "up/a").string());

  const auto middle = data.read(1, 0, VH_PASS_EVAL);  // pictures 4, 5, 6 of 12, by number and not by name
  VH_CHECK(value(middle, 0, 2) == 40 && value(middle, 1, 2) == 50 && value(middle, 2, 2) == 60);
  VH_CHECK(middle.at(1).at(0) == 1);
  VH_CHECK(value(data.read(2, 0), 2, 2) == 77);  // one grey picture, repeated
  VH_CHECK(data.read(1, 5) == data.read(1, 5));
  VH_CHECK(data.read(1, 5) != data.read(1, 6));
  auto mirrored = plugin.make<vh_dataset_1>("clips", where + R"(, "flip": 1})");
  VH_CHECK(value(mirrored.read(2, 0), 0, 2) == 0);

  auto files = plugin.make<vh_dataset_1>("clips", where + R"(, "files": ["/no/such/clip"]})");
  VH_CHECK_FAILS(files.read(0, 0), "isn't a folder of pictures");
  VH_CHECK_FAILS(data.read(0, 0), "ends after 5 of 48 bytes of pixels");
  VH_CHECK_FAILS(plugin.make<vh_dataset_1>("clips", "{}"), "is missing");
  VH_CHECK_FAILS(plugin.make<vh_dataset_1>("clips", R"({"root": "/no/such/folder"})"), "/no/such/folder: No such file");
  fs::remove_all(root);
  return vh::test::result();
}
