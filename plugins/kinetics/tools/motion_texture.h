// Clips of a moving colour mosaic whose class no single frame can tell. See Note [One frame says nothing].
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace kinetics {

// Note [One frame says nothing]
// A picture has a state of five numbers: shift in x and y, angle, scale and hue. Each lives on a circle (the texture is
// wrapped around, the scale wraps from its largest to its smallest value), and each clip starts at a state drawn
// uniformly. A class moves one of the five at a constant speed in one direction. So at every time of every class the
// state is uniform, and a frame's distribution is the same for all classes; only the order of frames tells them apart.
// The four order classes go further: every second frame the hue takes one of the same eight values around its circle,
// by steps of one, three, minus three or minus one of them. So eight frames with stride 2, from any start, are the same
// pictures in all four, and shuffled frames say nothing either.
struct MotionClass {
  const char* name;
  double shift_x, shift_y, angle, scale, hue;  // direction of motion
  int hue_step = 0;                            // sixteenths of the hue circle per frame, whatever the speed
};
const std::vector<MotionClass>& motion_classes();

struct MotionOptions {
  int size = 64, frames = 32;
  double speed = 1;  // 1: a shift of size/20 pixels, 6 degrees, a factor of 1.07, 1/24 of the hue circle per frame
};

// One clip in planar YUV 4:2:0, a function of (options, class, seed).
class MotionClip {
 public:
  MotionClip(const MotionOptions& options, const MotionClass& motion, uint64_t seed);
  // y: [size][y_stride]; u, v: [size/2][c_stride].
  void draw(int frame, uint8_t* y, int y_stride, uint8_t* u, uint8_t* v, int c_stride) const;

 private:
  static constexpr int kCells = 16;  // the mosaic's cells along each axis; wrapped around
  struct Cell {
    float luma, chroma, hue;
  };

  MotionOptions options_;
  MotionClass motion_;
  double speed_, x_, y_, angle_, scale_, hue_;
  std::array<Cell, kCells * kCells> cells_;
};

}  // namespace kinetics
