#include <vhost/media/picture_ops.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace vh::media {
namespace {

using Table = std::array<uint8_t, 256>;
using Counts = std::array<int64_t, 256>;

template <class F>
void for_each_pixel(const PictureSpan& picture, F&& change) {
  for (int64_t y = 0; y < picture.height; ++y) {
    uint8_t* pixel = picture.rgb + y * picture.stride;
    for (int64_t x = 0; x < picture.width; ++x, pixel += 3) change(pixel);
  }
}

void look_up(const PictureSpan& picture, const std::array<Table, 3>& tables) {
  for_each_pixel(picture, [&](uint8_t* pixel) {
    for (size_t c = 0; c < 3; ++c) pixel[c] = tables[c][pixel[c]];
  });
}

template <class F>
Table table_of(F&& value) {
  Table table;
  for (int i = 0; i < 256; ++i) table[static_cast<size_t>(i)] = static_cast<uint8_t>(value(i));
  return table;
}

template <class F>
void map_values(const PictureSpan& picture, F&& value) {
  Table table = table_of(value);
  for (int64_t y = 0; y < picture.height; ++y) {
    uint8_t* row = picture.rgb + y * picture.stride;
    for (int64_t i = 0; i < picture.width * 3; ++i) row[i] = table[row[i]];
  }
}

std::array<Counts, 3> histogram(const PictureSpan& picture) {
  std::array<Counts, 3> counts = {};
  for_each_pixel(picture, [&](const uint8_t* pixel) {
    for (size_t c = 0; c < 3; ++c) ++counts[c][pixel[c]];
  });
  return counts;
}

Table stretched(const Counts& counts) {
  int low = 0, high = 255;
  while (low < 255 && !counts[static_cast<size_t>(low)]) ++low;
  while (high > 0 && !counts[static_cast<size_t>(high)]) --high;
  double scale = high > low ? 255.0 / (high - low) : 1, offset = high > low ? -low * scale : 0;
  return table_of([&](int i) { return std::clamp(static_cast<int>(i * scale + offset), 0, 255); });
}

Table equalized(const Counts& counts) {
  auto last = std::find_if(counts.rbegin(), counts.rend(), [](int64_t n) { return n > 0; });
  int64_t step = (std::accumulate(counts.begin(), counts.end(), int64_t{0}) - *last) / 255;
  if (!step) return table_of([](int i) { return i; });
  int64_t sum = step / 2;
  return table_of([&](int i) {
    int64_t value = sum / step;
    sum += counts[static_cast<size_t>(i)];
    return std::min<int64_t>(value, 255);
  });
}

int grey(const uint8_t* pixel) {  // ITU-R 601, rounded
  return (pixel[0] * 19595 + pixel[1] * 38470 + pixel[2] * 7471 + 0x8000) >> 16;
}

// from + factor * (to - from), cut to 8 bits
uint8_t blend(int from, int to, float factor) {
  float value = static_cast<float>(from) + factor * static_cast<float>(to - from);
  return static_cast<uint8_t>(std::clamp(value, 0.f, 255.f));
}

struct Hsv {
  int hue, saturation, value;
};

Hsv to_hsv(const uint8_t* pixel) {
  int r = pixel[0], g = pixel[1], b = pixel[2], most = std::max({r, g, b}), least = std::min({r, g, b});
  if (most == least) return {0, 0, most};
  auto range = static_cast<float>(most - least);
  float s = range / static_cast<float>(most), rc = static_cast<float>(most - r) / range,
        gc = static_cast<float>(most - g) / range, bc = static_cast<float>(most - b) / range;
  float h = r == most   ? bc - gc
            : g == most ? static_cast<float>(2.0 + static_cast<double>(rc) - static_cast<double>(bc))
                        : static_cast<float>(4.0 + static_cast<double>(gc) - static_cast<double>(rc));
  h = static_cast<float>(std::fmod(static_cast<double>(h) / 6.0 + 1.0, 1.0));
  return {std::clamp(static_cast<int>(static_cast<double>(h) * 255.0), 0, 255),
          std::clamp(static_cast<int>(static_cast<double>(s) * 255.0), 0, 255), most};
}

void from_hsv(const Hsv& hsv, uint8_t* pixel) {
  double v = hsv.value, place = hsv.hue * 6.0 / 255.0;
  auto sector = static_cast<int>(std::floor(place));
  auto f = static_cast<float>(place - sector), fs = static_cast<float>(hsv.saturation / 255.0);
  auto byte = [](double x) { return static_cast<uint8_t>(std::clamp(std::round(x), 0.0, 255.0)); };
  uint8_t full = static_cast<uint8_t>(hsv.value), p = byte(v * (1.0 - static_cast<double>(fs))),
          q = byte(v * (1.0 - static_cast<double>(fs * f))),
          t = byte(v * (1.0 - static_cast<double>(fs) * (1.0 - static_cast<double>(f))));
  const Colour sectors[6] = {{full, t, p}, {q, full, p}, {p, full, t}, {p, q, full}, {t, p, full}, {full, p, q}};
  Colour colour = hsv.saturation ? sectors[sector % 6] : Colour{full, full, full};
  std::copy(colour.begin(), colour.end(), pixel);
}

}  // namespace

void auto_contrast(const PictureSpan& picture) {
  auto counts = histogram(picture);
  look_up(picture, {stretched(counts[0]), stretched(counts[1]), stretched(counts[2])});
}

void equalize(const PictureSpan& picture) {
  auto counts = histogram(picture);
  look_up(picture, {equalized(counts[0]), equalized(counts[1]), equalized(counts[2])});
}

void invert(const PictureSpan& picture) {
  map_values(picture, [](int i) { return 255 - i; });
}

void posterize(const PictureSpan& picture, int bits) {
  map_values(picture, [&](int i) { return i & ~((1 << (8 - bits)) - 1); });
}

void solarize(const PictureSpan& picture, int threshold) {
  map_values(picture, [&](int i) { return i < threshold ? i : 255 - i; });
}

void solarize_add(const PictureSpan& picture, int add, int threshold) {
  map_values(picture, [&](int i) { return i < threshold ? std::clamp(i + add, 0, 255) : i; });
}

void adjust_brightness(const PictureSpan& picture, double factor) {
  map_values(picture, [&](int i) { return blend(0, i, static_cast<float>(factor)); });
}

void adjust_contrast(const PictureSpan& picture, double factor) {
  int64_t sum = 0;
  for_each_pixel(picture, [&](const uint8_t* pixel) { sum += grey(pixel); });
  auto mean = static_cast<int>(static_cast<double>(sum) / static_cast<double>(picture.width * picture.height) + 0.5);
  map_values(picture, [&](int i) { return blend(mean, i, static_cast<float>(factor)); });
}

void adjust_saturation(const PictureSpan& picture, double factor) {
  auto amount = static_cast<float>(factor);
  for_each_pixel(picture, [&](uint8_t* pixel) {
    int level = grey(pixel);
    for (int c = 0; c < 3; ++c) pixel[c] = blend(level, pixel[c], amount);
  });
}

void adjust_sharpness(const PictureSpan& picture, double factor) {
  auto amount = static_cast<float>(factor);
  int64_t bytes = picture.width * 3;
  std::vector<uint8_t> above(picture.rgb, picture.rgb + bytes), here(above);
  for (int64_t y = 1; y + 1 < picture.height; ++y) {
    uint8_t* row = picture.rgb + y * picture.stride;
    const uint8_t* below = row + picture.stride;
    here.assign(row, row + bytes);
    for (int64_t i = 3; i < bytes - 3; ++i) {
      auto three = [i](const uint8_t* r) { return r[i - 3] + r[i] + r[i + 3]; };
      int sum = three(above.data()) + three(here.data()) + three(below) + 4 * here[static_cast<size_t>(i)];
      row[i] = blend((2 * sum + 13) / 26, row[i], amount);
    }
    std::swap(above, here);
  }
}

void adjust_hue(const PictureSpan& picture, double shift) {
  auto steps = static_cast<int>(shift * 255);
  for_each_pixel(picture, [&](uint8_t* pixel) {
    Hsv hsv = to_hsv(pixel);
    hsv.hue = (hsv.hue + steps) & 255;
    from_hsv(hsv, pixel);
  });
}

}  // namespace vh::media
