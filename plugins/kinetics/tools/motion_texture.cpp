#include "motion_texture.h"

#include <vhost/random.h>

#include <algorithm>
#include <cmath>

namespace kinetics {
namespace {

constexpr double kTwoPi = 6.283185307179586;
constexpr double kScaleMin = 0.75, kScaleMax = 3;  // wraps from one to the other

uint8_t to_byte(double x) {
  return static_cast<uint8_t>(std::clamp(x + 0.5, 0.0, 255.0));
}

}  // namespace

const std::vector<MotionClass>& motion_classes() {
  static const std::vector<MotionClass> all = {
      {"left", -1, 0, 0, 0, 0},         {"right", 1, 0, 0, 0, 0},      {"up", 0, -1, 0, 0, 0},
      {"down", 0, 1, 0, 0, 0},          {"clockwise", 0, 0, 1, 0, 0},  {"counterclockwise", 0, 0, -1, 0, 0},
      {"grow", 0, 0, 0, 1, 0},          {"shrink", 0, 0, 0, -1, 0},    {"hue_forward", 0, 0, 0, 0, 1},
      {"hue_backward", 0, 0, 0, 0, -1}, {"order1", 0, 0, 0, 0, 0, 1},  {"order2", 0, 0, 0, 0, 0, 3},
      {"order3", 0, 0, 0, 0, 0, -3},    {"order4", 0, 0, 0, 0, 0, -1},
  };
  return all;
}

MotionClip::MotionClip(const MotionOptions& options, const MotionClass& motion, uint64_t seed)
    : options_(options), motion_(motion) {
  vh_random random = vh_random_from(seed);
  speed_ = options.speed * vh_random_uniform(&random, 0.75, 1.25);
  x_ = vh_random_uniform(&random, 0, kCells);
  y_ = vh_random_uniform(&random, 0, kCells);
  angle_ = vh_random_uniform(&random, 0, kTwoPi);
  scale_ = vh_random_unit(&random);
  hue_ = vh_random_uniform(&random, 0, kTwoPi);
  for (auto& cell : cells_) {
    cell.luma = static_cast<float>(vh_random_uniform(&random, 40, 215));
    cell.chroma = static_cast<float>(vh_random_uniform(&random, 20, 90));
    cell.hue = static_cast<float>(vh_random_uniform(&random, 0, kTwoPi));
  }
}

void MotionClip::draw(int frame, uint8_t* y, int y_stride, uint8_t* u, uint8_t* v, int c_stride) const {
  double t = speed_ * frame;
  double angle = angle_ + t * motion_.angle * kTwoPi / 60;
  double octave = scale_ + t * motion_.scale * std::log(1.07) / std::log(kScaleMax / kScaleMin);
  octave -= std::floor(octave);
  double scale = kScaleMin * std::pow(kScaleMax / kScaleMin, octave);
  double hue = hue_ + t * motion_.hue * kTwoPi / 24;
  hue += ((motion_.hue_step * frame) & 15) * (kTwoPi / 16);  // exactly the same values whatever the step
  double moved_x = t * motion_.shift_x * options_.size / 20, moved_y = t * motion_.shift_y * options_.size / 20;

  // Cells per pixel; at scale 1 eight cells across the picture. In 32.32
  // fixed point, whose overflow the wrapping hides.
  double unit = 8.0 / options_.size / scale, c = std::cos(angle) * unit, s = std::sin(angle) * unit,
         middle = options_.size / 2.0;
  auto fixed = [](double x) { return static_cast<uint64_t>(static_cast<int64_t>(x * 0x1p32)); };
  uint64_t fc = fixed(c), fs = fixed(s);
  auto column_origin = [&](double px, double py) {
    return fixed(c * (px - middle - moved_x) + s * (py - middle - moved_y) + x_);
  };
  auto row_origin = [&](double px, double py) {
    return fixed(c * (py - middle - moved_y) - s * (px - middle - moved_x) + y_);
  };
  auto cell_at = [](uint64_t i, uint64_t j) { return (j >> 32 & (kCells - 1)) * kCells + (i >> 32 & (kCells - 1)); };
  std::array<std::array<float, 2>, kCells * kCells> tint;
  for (size_t k = 0; k < cells_.size(); ++k)
    tint[k] = {cells_[k].chroma * static_cast<float>(std::cos(cells_[k].hue + hue)),
               cells_[k].chroma * static_cast<float>(std::sin(cells_[k].hue + hue))};

  for (int row = 0; row < options_.size; ++row) {
    uint64_t i = column_origin(0.5, row + 0.5), j = row_origin(0.5, row + 0.5);
    uint64_t pi = fixed((c + s) / 4), pj = fixed((c - s) / 4), qi = fixed((c - s) / 4), qj = fixed((-s - c) / 4);
    for (int column = 0; column < options_.size; ++column, i += fc, j -= fs) {
      float sum = cells_[cell_at(i + pi, j + pj)].luma + cells_[cell_at(i - pi, j - pj)].luma +
                  cells_[cell_at(i + qi, j + qj)].luma + cells_[cell_at(i - qi, j - qj)].luma;
      y[row * y_stride + column] = static_cast<uint8_t>(sum * 0.25f + 0.5f);
    }
  }
  for (int row = 0; row < options_.size / 2; ++row) {
    uint64_t i = column_origin(1, 2 * row + 1), j = row_origin(1, 2 * row + 1);
    for (int column = 0; column < options_.size / 2; ++column, i += 2 * fc, j -= 2 * fs) {
      const auto& [tu, tv] = tint[cell_at(i, j)];
      u[row * c_stride + column] = to_byte(128 + tu);
      v[row * c_stride + column] = to_byte(128 + tv);
    }
  }
}

}  // namespace kinetics
