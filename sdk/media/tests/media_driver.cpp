// Runs the library on raw pictures for the comparisons with Pillow, torchvision and timm, and for bench/resample.py.
//   media_driver resample FROM WIDTH HEIGHT X Y W H FILTER MIRROR OUT_WIDTH OUT_HEIGHT TO [ROUNDS]
//   media_driver op FROM WIDTH HEIGHT NAME VALUE FILTER TO
//     NAME: as in vhost/media/picture_ops.h, or shear_x, shear_y, translate_x, translate_y (pixels); fill 128
//   media_driver box WIDTH HEIGHT SIZE RESIZE_SHORT CROP CROPS: the box of resized_crop()
//   media_driver values SET LEVEL: each operation of RandAugment's set with the values that LEVEL can give
// Pictures are files of [height][width][3] bytes. With ROUNDS it prints the median milliseconds of that many calls.
#include <vhost/media/augment.h>
#include <vhost/media/crop.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "op_sets.h"

namespace {

using namespace vh::media;

Picture read_picture(const std::string& file, int64_t width, int64_t height) {
  std::ifstream in(file, std::ios::binary);
  Picture picture{width, height, std::vector<uint8_t>(std::istreambuf_iterator<char>(in), {})};
  if (static_cast<int64_t>(picture.rgb.size()) != width * height * 3)
    throw std::runtime_error(file + " doesn't hold " + std::to_string(width * height * 3) + " bytes");
  return picture;
}

void write_bytes(const std::string& file, const std::vector<uint8_t>& bytes) {
  std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
}

int run_resample(const std::vector<std::string>& a) {
  if (a.size() < 12) throw std::runtime_error("resample: too few arguments");
  Picture from = read_picture(a[0], std::stoll(a[1]), std::stoll(a[2]));
  Box box{std::stod(a[3]), std::stod(a[4]), std::stod(a[5]), std::stod(a[6])};
  int64_t width = std::stoll(a[9]), height = std::stoll(a[10]);
  std::vector<uint8_t> out(static_cast<size_t>(width * height * 3));
  std::vector<double> milliseconds;
  for (int round = 0, rounds = a.size() > 12 ? std::stoi(a[12]) : 1; round < rounds; ++round) {
    auto start = std::chrono::steady_clock::now();
    resample(from, box, *filter_named(a[7]), a[8] == "1", width, height, out.data());
    milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  write_bytes(a[11], out);
  std::nth_element(milliseconds.begin(), milliseconds.begin() + std::ssize(milliseconds) / 2, milliseconds.end());
  std::printf("%.4f\n", milliseconds[milliseconds.size() / 2]);
  return 0;
}

int run_op(const std::vector<std::string>& a) {
  if (a.size() != 7) throw std::runtime_error("op: wants 7 arguments");
  Picture picture = read_picture(a[0], std::stoll(a[1]), std::stoll(a[2]));
  double value = std::stod(a[4]);
  Filter filter = *filter_named(a[5]);
  PictureSpan p = span(picture);
  constexpr Colour kFill = {128, 128, 128};
  const std::map<std::string, std::function<void()>> ops = {
      {"flip_horizontally", [&] { flip_horizontally(p); }},
      {"auto_contrast", [&] { auto_contrast(p); }},
      {"equalize", [&] { equalize(p); }},
      {"invert", [&] { invert(p); }},
      {"posterize", [&] { posterize(p, static_cast<int>(value)); }},
      {"solarize", [&] { solarize(p, static_cast<int>(value)); }},
      {"solarize_add", [&] { solarize_add(p, static_cast<int>(value)); }},
      {"brightness", [&] { adjust_brightness(p, value); }},
      {"contrast", [&] { adjust_contrast(p, value); }},
      {"saturation", [&] { adjust_saturation(p, value); }},
      {"sharpness", [&] { adjust_sharpness(p, value); }},
      {"hue", [&] { adjust_hue(p, value); }},
      {"rotate", [&] { rotate(p, value, filter, kFill); }},
      {"shear_x",
       [&] {
         transform(p, {1, value, 0, 0, 1, 0}, filter, kFill);
       }},
      {"shear_y",
       [&] {
         transform(p, {1, 0, 0, value, 1, 0}, filter, kFill);
       }},
      {"translate_x",
       [&] {
         transform(p, {1, 0, value, 0, 1, 0}, filter, kFill);
       }},
      {"translate_y",
       [&] {
         transform(p, {1, 0, 0, 0, 1, value}, filter, kFill);
       }},
  };
  auto found = ops.find(a[3]);
  if (found == ops.end()) throw std::runtime_error("op: no " + a[3]);
  found->second();
  write_bytes(a[6], picture.rgb);
  return 0;
}

int print_box(const std::vector<std::string>& a) {
  if (a.size() != 6) throw std::runtime_error("box: wants 6 arguments");
  CropRule rule{.size = std::stoll(a[2]), .resize_short = std::stoll(a[3])};
  Box box = resized_crop(rule, std::stoll(a[0]), std::stoll(a[1]), std::stoll(a[4]), std::stoll(a[5]));
  std::printf("%.17g %.17g %.17g %.17g\n", box.x, box.y, box.width, box.height);
  return 0;
}

int print_values(const std::vector<std::string>& a) {
  if (a.size() != 2 || !op_set(a[0])) throw std::runtime_error("values: wants a set and a level");
  for (OpKind kind : ops_of(*op_set(a[0]))) {
    std::set<double> values;
    for (uint64_t seed = 0; seed < 64; ++seed) {
      vh_random random = vh_random_from(seed);
      values.insert(value_at(*op_set(a[0]), kind, std::stod(a[1]), random));
    }
    std::cout << op_name(kind);
    for (double value : values) std::cout << ' ' << std::setprecision(17) << value;
    std::cout << '\n';
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const std::map<std::string, int (*)(const std::vector<std::string>&)> commands = {
      {"resample", run_resample}, {"op", run_op}, {"box", print_box}, {"values", print_values}};
  try {
    auto found = commands.find(words.empty() ? "" : words[0]);
    if (found != commands.end()) return found->second({words.begin() + 1, words.end()});
    std::cerr << "usage: media_driver resample|op|box|values ...; see media_driver.cpp\n";
  } catch (const std::exception& error) {
    std::cerr << "media_driver: " << error.what() << '\n';
  }
  return 1;
}
