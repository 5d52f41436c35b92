#include "rectangle.h"

#include <cmath>
#include <vector>

#include "vhost/cpp/error.hpp"

namespace maskfeat {

std::optional<Rectangle> draw_rectangle(vh_random& random, const RectangleRule& rule) {
  const double area = vh_random_uniform(&random, rule.least_area, rule.most_area), log_aspect = std::log(rule.aspect);
  const double aspect = std::exp(vh_random_uniform(&random, log_aspect, -log_aspect));
  const int64_t height = std::lround(std::sqrt(area * aspect)), width = std::lround(std::sqrt(area / aspect));
  if (height >= rule.rows || width >= rule.columns) return std::nullopt;
  const int64_t last = rule.exclusive_border ? 0 : 1;
  const int64_t top = vh_random_below(&random, rule.rows - height + last);
  return Rectangle{top, vh_random_below(&random, rule.columns - width + last), height, width};
}

int64_t masked_cells(const std::optional<int64_t>& count, double ratio, int64_t cells, const char* of_what) {
  const int64_t masked = count.value_or(std::lround(ratio * static_cast<double>(cells)));
  if (masked >= 1 && masked < cells) return masked;
  throw vh::param_error(count ? "/count" : "/ratio",
                        vh::str("masks ", masked, " of the ", cells, " cells of ", of_what, "; want 1 to ", cells - 1));
}

void fill(vh_random& random, uint8_t* mask, int64_t rows, int64_t columns, int64_t missing, bool exclusive_border) {
  std::vector<int64_t> open;
  for (int64_t i = 0; i < rows * columns; ++i)
    if (!mask[i] && !(exclusive_border && (i / columns == rows - 1 || i % columns == columns - 1))) open.push_back(i);
  vh_random_shuffle(&random, open.data(), static_cast<int64_t>(open.size()));
  for (int64_t i = 0; i < missing; ++i) mask[open[static_cast<size_t>(i)]] = 1;
}

}  // namespace maskfeat
