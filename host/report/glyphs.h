// What can't be seen as it is, drawn: histograms of orientations as glyphs, numbers as a heat map.
#pragma once
#include <vector>

#include "report/picture.h"

namespace vhost {

enum class Shade : uint8_t { plain, dimmed, absent };

// A map of cells with `bins` weights each, [rows][columns][bins], 1 = as bright as can be; below 0 counts as 0.
// Bin k stands for gradients whose angle atan2(gx, gy) lies in [k, k + 1) pi / bins, so that an ideal vertical edge is
// in the middle bin.
struct OrientationMap {
  int rows = 0, columns = 0, bins = 9;
  std::vector<float> weights;
  std::vector<Shade> shades;  // [rows][columns]; empty = all plain
};

// Per cell a line through its centre for each bin, along the edge (perpendicular to the gradient), as bright as the bin
// is heavy. Dimmed cells have a lighter ground and weaker lines, absent ones are grey. Throws Error on wrong sizes.
Picture orientation_glyphs(const OrientationMap& map, int cell_pixels);

// rows x columns squares from black (low) over red and yellow to white (high); NaN is grey.
Picture heat_map(const std::vector<float>& values, int rows, int columns, int cell_pixels, float low, float high);

}  // namespace vhost
