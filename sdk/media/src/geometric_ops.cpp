#include <vhost/media/picture_ops.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace vh::media {
namespace {

double cubic(double v1, double v2, double v3, double v4, double d) {
  double p2 = v3 - v1, p3 = 2 * (v1 - v2) + v3 - v4, p4 = v2 - v1 - v3 + v4;
  return v2 + d * (p2 + d * (p3 + d * p4));
}

// Reads the source between pixels; (x, y) in pixels whose centres are at .5, inside the picture.
class Sampler {
 public:
  Sampler(const PictureSpan& picture, const std::vector<uint8_t>& rgb)
      : width_(picture.width), height_(picture.height), rgb_(rgb.data()) {}

  bool inside(double x, double y) const {
    return x >= 0 && x < static_cast<double>(width_) && y >= 0 && y < static_cast<double>(height_);
  }

  void nearest(double x, double y, uint8_t* out) const {
    std::copy_n(pixel(static_cast<int64_t>(x), static_cast<int64_t>(y)), 3, out);
  }

  void bilinear(double x, double y, uint8_t* out) const {
    Place at = place(x, y);
    const uint8_t *a = pixel(at.x, at.y), *b = pixel(at.x + 1, at.y), *c = pixel(at.x, at.y + 1),
                  *d = pixel(at.x + 1, at.y + 1);
    for (int i = 0; i < 3; ++i) {
      double top = a[i] + (b[i] - a[i]) * at.dx, bottom = c[i] + (d[i] - c[i]) * at.dx;
      out[i] = static_cast<uint8_t>(top + (bottom - top) * at.dy);
    }
  }

  void bicubic(double x, double y, uint8_t* out) const {
    Place at = place(x, y);
    double rows[4][3];
    for (int64_t j = 0; j < 4; ++j) {
      const uint8_t* p[4];
      for (int64_t i = 0; i < 4; ++i) p[i] = pixel(at.x - 1 + i, at.y - 1 + j);
      for (int i = 0; i < 3; ++i) rows[j][i] = cubic(p[0][i], p[1][i], p[2][i], p[3][i], at.dx);
    }
    for (int i = 0; i < 3; ++i)
      out[i] =
          static_cast<uint8_t>(std::clamp(cubic(rows[0][i], rows[1][i], rows[2][i], rows[3][i], at.dy), 0.0, 255.0));
  }

 private:
  struct Place {
    int64_t x, y;
    double dx, dy;
  };
  static Place place(double x, double y) {
    double left = std::floor(x - 0.5), top = std::floor(y - 0.5);
    return {static_cast<int64_t>(left), static_cast<int64_t>(top), x - 0.5 - left, y - 0.5 - top};
  }
  const uint8_t* pixel(int64_t x, int64_t y) const {
    return rgb_ + (std::clamp<int64_t>(y, 0, height_ - 1) * width_ + std::clamp<int64_t>(x, 0, width_ - 1)) * 3;
  }

  int64_t width_, height_;
  const uint8_t* rgb_;
};

std::vector<uint8_t> copy_of(const PictureSpan& picture) {
  std::vector<uint8_t> rgb(static_cast<size_t>(picture.width * picture.height * 3));
  for (int64_t y = 0; y < picture.height; ++y)
    std::copy_n(picture.rgb + y * picture.stride, picture.width * 3, rgb.data() + y * picture.width * 3);
  return rgb;
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
  std::vector<uint8_t> source = copy_of(picture);
  Sampler sampler(picture, source);
  for (int64_t y = 0; y < picture.height; ++y) {
    uint8_t* out = picture.rgb + y * picture.stride;
    double row = static_cast<double>(y) + 0.5;
    for (int64_t x = 0; x < picture.width; ++x, out += 3) {
      double column = static_cast<double>(x) + 0.5;
      double u = m[0] * column + m[1] * row + m[2], v = m[3] * column + m[4] * row + m[5];
      if (!sampler.inside(u, v))
        std::copy(fill.begin(), fill.end(), out);
      else if (filter == Filter::kBicubic)
        sampler.bicubic(u, v, out);
      else if (filter == Filter::kBilinear)
        sampler.bilinear(u, v, out);
      else
        sampler.nearest(u, v, out);
    }
  }
}

void rotate(const PictureSpan& picture, double degrees, Filter filter, Colour fill) {
  double angle = std::fmod(degrees, 360.0);
  if (angle < 0) angle += 360;
  if (angle == 0) return;
  angle = -angle * std::numbers::pi / 180;
  double c = rounded(std::cos(angle)), s = rounded(std::sin(angle));
  double x = static_cast<double>(picture.width) / 2, y = static_cast<double>(picture.height) / 2;
  transform(picture, {c, s, c * -x + s * -y + x, -s, c, -s * -x + c * -y + y}, filter, fill);
}

}  // namespace vh::media
