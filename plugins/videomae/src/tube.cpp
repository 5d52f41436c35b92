#include "tube.h"

#include <algorithm>
#include <numeric>

#include "vhost/random.h"

namespace videomae {

int64_t Tube::masked_per_frame(const vh::Grid& grid) const {
  const int64_t cells = grid[1] * grid[2];
  const auto masked = static_cast<int64_t>(ratio_ * static_cast<double>(cells));
  if (masked >= cells)
    throw vh::param_error("/ratio",
                          vh::str("masks all ", cells, " cells of a frame; ", "at most ",
                                  static_cast<double>(cells - 1) / static_cast<double>(cells), " leaves one visible"));
  if (masked < 1)
    throw vh::param_error("/ratio", vh::str("masks none of the ", cells, " cells of a frame; at least ",
                                            1.0 / static_cast<double>(cells), " masks one"));
  return masked;
}

std::pair<int64_t, int64_t> Tube::counts(const vh::Grid& grid) const {
  const int64_t masked = grid[0] * masked_per_frame(grid);
  return {masked, masked};
}

void Tube::draw(const vh::Grid& grid, uint64_t seed, uint8_t* mask) const {
  const int64_t cells = grid[1] * grid[2], masked = masked_per_frame(grid);
  std::vector<int64_t> order(static_cast<size_t>(cells));
  std::iota(order.begin(), order.end(), 0);
  vh_random random = vh_random_from(seed);
  vh_random_shuffle(&random, order.data(), cells);
  std::fill_n(mask, cells, uint8_t{0});
  for (int64_t i = 0; i < masked; ++i) mask[order[static_cast<size_t>(i)]] = 1;
  for (int64_t t = 1; t < grid[0]; ++t) std::copy_n(mask, cells, mask + t * cells);
}

}  // namespace videomae
