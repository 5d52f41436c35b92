#include "cube3d.h"

#include <algorithm>

#include "rectangle.h"

namespace maskfeat {

namespace {

struct Cube {
  int64_t first, frames;
  Rectangle area;
};

// Masks the cube if that adds 1 to `most` cells, and returns how many.
int64_t mask_cube(const Cube& cube, const vh::Grid& grid, int64_t most, uint8_t* mask) {
  const Rectangle& r = cube.area;
  const auto each_row = [&](const auto& use) {
    for (int64_t t = cube.first; t < cube.first + cube.frames; ++t)
      for (int64_t y = r.top; y < r.top + r.height; ++y) use(mask + (t * grid[1] + y) * grid[2] + r.left);
  };
  int64_t added = 0;
  each_row([&](const uint8_t* row) { added += std::count(row, row + r.width, uint8_t{0}); });
  if (added < 1 || added > most) return 0;
  each_row([&](uint8_t* row) { std::fill_n(row, r.width, uint8_t{1}); });
  return added;
}

}  // namespace

Cube3d::Cube3d(const vh::Build&, const Params& params) : params_(params) {
  if (params_.min_cells && params_.max_cells && *params_.min_cells > *params_.max_cells)
    throw vh::param_error("/min_cells",
                          vh::str("is ", *params_.min_cells, ", more than max_cells, ", *params_.max_cells));
}

std::pair<int64_t, int64_t> Cube3d::counts(const vh::Grid& grid) const {
  const int64_t most = masked_cells(params_.count, params_.ratio, vh::cells(grid), "the grid");
  return {params_.exact ? most : most - most / 10, most};
}

void Cube3d::draw(const vh::Grid& grid, uint64_t seed, uint8_t* mask) const {
  const auto [least, most] = counts(grid);
  const int64_t area = grid[1] * grid[2];
  const RectangleRule rule{
      .least_area = static_cast<double>(params_.min_cells.value_or(std::max<int64_t>(1, area / 5))),
      .most_area = static_cast<double>(params_.max_cells.value_or(area)),
      .aspect = params_.aspect,
      .rows = grid[1],
      .columns = grid[2]};
  vh_random random = vh_random_from(seed);
  std::fill_n(mask, vh::cells(grid), uint8_t{0});
  int64_t masked = 0;
  for (int64_t failed = 0; masked < most && failed < params_.tries;) {
    const int64_t frames = 1 + vh_random_below(&random, grid[0]);
    const auto rectangle = draw_rectangle(random, rule);
    const int64_t first = vh_random_below(&random, grid[0] - frames + 1);
    const int64_t added = rectangle ? mask_cube({first, frames, *rectangle}, grid, most - masked, mask) : 0;
    failed = added ? 0 : failed + 1;
    masked += added;
  }
  fill(random, mask, grid[0] * grid[1], grid[2], std::max<int64_t>(0, least - masked));
}

}  // namespace maskfeat
