#include "block.h"

#include "pool_conv.h"

namespace mvit {

Block::Block(const vh::Scope& scope, const BlockShape& shape, const vh::Grid& grid, const LayerOptions& o,
             double drop_path)
    : scope_(scope.remembering()),
      shape_(shape),
      prefix_(o.prefix),
      norm1_(o.layer_norm(scope_ / "norm1", shape.in)),
      norm2_(o.layer_norm(scope_ / "norm2", shape.attention)),
      attn_(scope_ / "attn", shape, grid, o),
      drop_{drop_path} {
  const auto hidden = static_cast<int64_t>(o.mlp_ratio * static_cast<double>(shape.attention));
  fc1_ = vh::nn::Linear(scope_ / "mlp" / "fc1", shape.attention, hidden, o.linear());
  fc2_ = vh::nn::Linear(scope_ / "mlp" / "fc2", hidden, shape.out, o.linear());
  if (shape.in != shape.out) proj_.emplace(scope_ / "proj", shape.in, shape.out, o.linear());
}

vh::Grid Block::grid_after(const vh::Grid& grid) const {
  return pooled(grid, shape_.stride_q);
}

// Frames are kept, so they can stand in the batch axis, and tokens are pictures with the channels last.
vh::Tensor Block::pool_skip(const vh::Tensor& x, const vh::Grid& grid) const {
  if (vh::cells(shape_.stride_q) == 1) return x;
  const int64_t b = x.size(0), width = x.size(2);
  const vh::Tensor tokens = prefix_ ? x.slice(1, prefix_) : x;
  const vh::Tensor maps = tokens.reshape({b * grid[0], grid[1], grid[2], width}).permute({0, 3, 1, 2});
  const vh::Tensor y = vh::ops::max_pool2d(maps, {3, 3}, {2, 2}, {1, 1})
                           .permute({0, 2, 3, 1})
                           .reshape({b, vh::cells(grid_after(grid)), width});
  return prefix_ ? vh::ops::cat({x.slice(1, 0, prefix_), y}, 1) : y;
}

vh::Tensor Block::operator()(const vh::Tensor& x, const vh::Grid& grid, const RelativeGrid& relative,
                             bool train) const {
  const bool widens_in_attention = shape_.in != shape_.attention;
  const vh::Tensor normed = norm1_(x);
  const vh::Tensor skip = pool_skip(widens_in_attention ? (*proj_)(normed) : x, grid);
  const vh::Tensor y = skip + drop_(attn_(normed, grid, relative), train);

  const vh::Tensor after = norm2_(y);
  const vh::Tensor out = fc2_(vh::ops::gelu(fc1_(after)));
  return (proj_ && !widens_in_attention ? (*proj_)(after) : y) + drop_(out, train);
}

}  // namespace mvit
