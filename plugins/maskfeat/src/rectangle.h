// Random rectangles of cells, as in BEiT's block-wise masks (arXiv:2106.08254, algorithm 1).
#pragma once
#include <optional>

#include "vhost/random.h"

namespace maskfeat {

struct Rectangle {
  int64_t top, left, height, width;
};

struct RectangleRule {
  double least_area, most_area;  // uniform between; in either order
  double aspect;                 // of height to width: log-uniform in [aspect, 1 / aspect]
  int64_t rows, columns;         // of the grid
  bool exclusive_border = false;
};

// Nothing if what was drawn isn't smaller than the grid in both directions. Every place is equally likely; with
// exclusive_border the rectangle touches neither the last row nor the last column.
std::optional<Rectangle> draw_rectangle(vh_random& random, const RectangleRule& rule);

// count, or else ratio * cells, rounded to nearest; throws unless it leaves some cells visible and masks some.
int64_t masked_cells(const std::optional<int64_t>& count, double ratio, int64_t cells, const char* of_what);

// Masks random free cells of mask[rows * columns] until `missing` more are masked. Neither the last row nor the last
// column with exclusive_border.
void fill(vh_random& random, uint8_t* mask, int64_t rows, int64_t columns, int64_t missing,
          bool exclusive_border = false);

}  // namespace maskfeat
