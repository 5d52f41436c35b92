#include <vhost/media/picture_ops.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

// AVX2 without FMA: the same roundings as without.
#if defined(__x86_64__) && defined(__GNUC__)
#define VH_MEDIA_CLONES __attribute__((target_clones("avx2", "default"), flatten))
#else
#define VH_MEDIA_CLONES
#endif

namespace vh::media {
namespace {

// Red, green, blue, and a value that is not used.
using Pixel __attribute__((vector_size(16))) = float;
using Values __attribute__((vector_size(32))) = double;

inline Values values_at(const Pixel* pixel) {
  return __builtin_convertvector(*pixel, Values);
}

inline Values linear(Values v1, Values v2, double d) {
  return v1 + (v2 - v1) * d;
}

inline Values cubic(Values v1, Values v2, Values v3, Values v4, double d) {
  Values p2 = v3 - v1, p3 = 2 * (v1 - v2) + v3 - v4, p4 = v2 - v1 - v3 + v4;
  return v2 + d * (p2 + d * (p3 + d * p4));
}

// A copy of the picture that is read between its pixels; (x, y) in pixels whose centres are at .5, inside the picture.
class Sampler {
 public:
  explicit Sampler(const PictureSpan& picture)
      : width_(picture.width), height_(picture.height), pixels_(static_cast<size_t>(width_ * height_)) {
    Pixel* to = pixels_.data();
    for (int64_t y = 0; y < height_; ++y) {
      const uint8_t* from = picture.rgb + y * picture.stride;
      for (int64_t x = 0; x < width_; ++x, from += 3)
        *to++ = Pixel{static_cast<float>(from[0]), static_cast<float>(from[1]), static_cast<float>(from[2]), 0};
    }
  }

  bool inside(double x, double y) const {
    return x >= 0 && x < static_cast<double>(width_) && y >= 0 && y < static_cast<double>(height_);
  }

  bool nearest(int64_t x, int64_t y, uint8_t* out) const {
    if (x < 0 || x >= width_ || y < 0 || y >= height_) return false;
    for (int c = 0; c < 3; ++c) out[c] = static_cast<uint8_t>(row(y)[x][c]);
    return true;
  }

  Values bilinear(double x, double y) const {
    auto [dx, left] = place(x);
    auto [dy, top] = place(y);
    int64_t columns[2] = {column(left), column(left + 1)};
    const Pixel *a = row(top), *b = row(top + 1);
    return linear(linear(values_at(a + columns[0]), values_at(a + columns[1]), dx),
                  linear(values_at(b + columns[0]), values_at(b + columns[1]), dx), dy);
  }

  Values bicubic(double x, double y) const {
    auto [dx, left] = place(x);
    auto [dy, top] = place(y);
    int64_t columns[4];
    for (int64_t i = 0; i < 4; ++i) columns[i] = column(left - 1 + i);
    Values rows[4];
    for (int64_t j = 0; j < 4; ++j) {
      const Pixel* r = row(top - 1 + j);
      rows[j] = cubic(values_at(r + columns[0]), values_at(r + columns[1]), values_at(r + columns[2]),
                      values_at(r + columns[3]), dx);
    }
    return cubic(rows[0], rows[1], rows[2], rows[3], dy);
  }

 private:
  struct Place {
    double rest;
    int64_t first;
  };
  static Place place(double x) {  // -0.5 <= x - 0.5
    auto first = static_cast<int64_t>(x + 0.5) - 1;
    return {x - 0.5 - static_cast<double>(first), first};
  }
  int64_t column(int64_t x) const { return std::clamp<int64_t>(x, 0, width_ - 1); }
  const Pixel* row(int64_t y) const { return pixels_.data() + std::clamp<int64_t>(y, 0, height_ - 1) * width_; }

  int64_t width_, height_;
  std::vector<Pixel> pixels_;
};

// In 1/65536 pixels, the sums of steps included, so that ties fall as Pillow's.
void transform_nearest(const PictureSpan& picture, const Affine& m, const Sampler& sampler, Colour fill) {
  auto fixed = [](double value) { return static_cast<int64_t>(std::floor(value * 65536 + 0.5)); };
  const int64_t right[2] = {fixed(m[0]), fixed(m[3])}, down[2] = {fixed(m[1]), fixed(m[4])};
  const int64_t start[2] = {fixed(m[2] + m[0] * 0.5 + m[1] * 0.5), fixed(m[5] + m[3] * 0.5 + m[4] * 0.5)};
  for (int64_t y = 0; y < picture.height; ++y) {
    uint8_t* out = picture.rgb + y * picture.stride;
    int64_t u = start[0] + y * down[0], v = start[1] + y * down[1];
    for (int64_t x = 0; x < picture.width; ++x, out += 3, u += right[0], v += right[1])
      if (!sampler.nearest(u >> 16, v >> 16, out)) std::copy(fill.begin(), fill.end(), out);
  }
}

VH_MEDIA_CLONES void transform_smoothly(const PictureSpan& picture, const Affine& m, bool bicubic,
                                        const Sampler& sampler, Colour fill) {
  for (int64_t y = 0; y < picture.height; ++y) {
    uint8_t* out = picture.rgb + y * picture.stride;
    double row = static_cast<double>(y) + 0.5;
    for (int64_t x = 0; x < picture.width; ++x, out += 3) {
      double column = static_cast<double>(x) + 0.5;
      double u = m[0] * column + m[1] * row + m[2], v = m[3] * column + m[4] * row + m[5];
      if (!sampler.inside(u, v)) {
        std::copy(fill.begin(), fill.end(), out);
        continue;
      }
      Values values = bicubic ? sampler.bicubic(u, v) : sampler.bilinear(u, v);
      for (int c = 0; c < 3; ++c) out[c] = static_cast<uint8_t>(std::clamp(values[c], 0.0, 255.0));
    }
  }
}

double rounded(double value) {  // to 15 decimals
  return std::nearbyint(value * 1e15) / 1e15;
}

}  // namespace

void flip_horizontally(const PictureSpan& picture) {
  for (int64_t y = 0; y < picture.height; ++y) {
    uint8_t* row = picture.rgb + y * picture.stride;
    for (int64_t left = 0, right = picture.width - 1; left < right; ++left, --right)
      std::swap_ranges(row + left * 3, row + left * 3 + 3, row + right * 3);
  }
}

void transform(const PictureSpan& picture, const Affine& m, Filter filter, Colour fill) {
  Sampler sampler(picture);
  if (filter == Filter::kNearest)
    transform_nearest(picture, m, sampler, fill);
  else
    transform_smoothly(picture, m, filter == Filter::kBicubic, sampler, fill);
}

Affine rotation(double degrees, int64_t width, int64_t height) {
  double angle = std::fmod(degrees, 360.0);
  if (angle < 0) angle += 360;
  if (angle == 0) return {1, 0, 0, 0, 1, 0};
  angle = -angle * std::numbers::pi / 180;
  double c = rounded(std::cos(angle)), s = rounded(std::sin(angle));
  double x = static_cast<double>(width) / 2, y = static_cast<double>(height) / 2;
  return {c, s, c * -x + s * -y + x, -s, c, -s * -x + c * -y + y};
}

void rotate(const PictureSpan& picture, double degrees, Filter filter, Colour fill) {
  transform(picture, rotation(degrees, picture.width, picture.height), filter, fill);
}

}  // namespace vh::media
