// Runs the library on raw pictures for the comparisons with Pillow, torchvision and timm, and for bench/resample.py.
//   media_driver resample FROM WIDTH HEIGHT X Y W H FILTER MIRROR OUT_WIDTH OUT_HEIGHT TO [ROUNDS]
//   media_driver op FROM WIDTH HEIGHT NAME VALUE FILTER TO
//     NAME: as in vhost/media/picture_ops.h, or shear_x, shear_y, translate_x, translate_y (pixels); fill 128
// Pictures are files of [height][width][3] bytes. With ROUNDS it prints the median milliseconds of that many calls.
#include <vhost/media/picture_ops.h>
#include <vhost/media/resample.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

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

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  try {
    if (!words.empty() && words[0] == "resample") return run_resample({words.begin() + 1, words.end()});
    if (!words.empty() && words[0] == "op") return run_op({words.begin() + 1, words.end()});
    std::cerr << "usage: media_driver resample|op ...; see media_driver.cpp\n";
  } catch (const std::exception& error) {
    std::cerr << "media_driver: " << error.what() << '\n';
  }
  return 1;
}
