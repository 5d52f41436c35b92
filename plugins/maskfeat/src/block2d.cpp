#include "block2d.h"

#include <algorithm>

#include "rectangle.h"

namespace maskfeat {

namespace {

// Masks the rectangle if that adds 1 to `most` cells, and returns how many.
int64_t mask_rectangle(const Rectangle& r, int64_t columns, int64_t most, uint8_t* mask) {
  int64_t added = 0;
  for (int64_t y = r.top; y < r.top + r.height; ++y)
    added += std::count(mask + y * columns + r.left, mask + y * columns + r.left + r.width, uint8_t{0});
  if (added < 1 || added > most) return 0;
  for (int64_t y = r.top; y < r.top + r.height; ++y) std::fill_n(mask + y * columns + r.left, r.width, uint8_t{1});
  return added;
}

}  // namespace

Block2d::Block2d(const vh::Build&, const Params& params) : params_(params) {
  if (params_.min_cells && params_.max_cells && *params_.min_cells > *params_.max_cells)
    throw vh::param_error("/min_cells",
                          vh::str("is ", *params_.min_cells, ", more than max_cells, ", *params_.max_cells));
}

int64_t Block2d::masked_per_frame(const vh::Grid& grid) const {
  const int64_t cells = grid[1] * grid[2], masked = masked_cells(params_.count, params_.ratio, cells, "a frame");
  const int64_t free = (grid[1] - 1) * (grid[2] - 1);
  if (params_.exclusive_border && masked > free)
    throw vh::param_error("/exclusive_border",
                          vh::str("leaves ", free, " cells of a frame to mask, too few for ", masked));
  return masked;
}

std::pair<int64_t, int64_t> Block2d::counts(const vh::Grid& grid) const {
  const int64_t masked = grid[0] * masked_per_frame(grid);
  return {masked, masked};
}

void Block2d::draw(const vh::Grid& grid, uint64_t seed, uint8_t* mask) const {
  const int64_t masked = masked_per_frame(grid), cells = grid[1] * grid[2];
  vh_random random = vh_random_from(seed);
  std::fill_n(mask, cells, uint8_t{0});
  int64_t missing = masked;
  for (int64_t failed = 0; missing > 0 && failed < params_.tries;) {
    const int64_t most = std::min(missing, params_.max_cells.value_or(missing));
    const auto rectangle = draw_rectangle(
        random, {.least_area = static_cast<double>(params_.min_cells.value_or(std::max<int64_t>(1, masked / 5))),
                 .most_area = static_cast<double>(most),
                 .aspect = params_.aspect,
                 .rows = grid[1],
                 .columns = grid[2],
                 .exclusive_border = params_.exclusive_border});
    const int64_t added = rectangle ? mask_rectangle(*rectangle, grid[2], most, mask) : 0;
    failed = added ? 0 : failed + 1;
    missing -= added;
  }
  fill(random, mask, grid[1], grid[2], missing, params_.exclusive_border);
  for (int64_t t = 1; t < grid[0]; ++t) std::copy_n(mask, cells, mask + t * cells);
}

}  // namespace maskfeat
