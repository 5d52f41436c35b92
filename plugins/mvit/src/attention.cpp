#include "attention.h"

#include <cmath>

#include "pool_conv.h"
#include "pool_projections.h"

namespace mvit {

namespace {

vh::Tensor attend(const vh::Tensor& q, const vh::Tensor& k, const vh::Tensor& v, int64_t width) {
  return vh::ops::scaled_dot_product_attention(q, k, v, {}, 0.0, /*is_causal=*/false, /*scale=*/1.0).slice(3, 0, width);
}

// Zeros as further channels: heads of all three have to be equally wide.
vh::Tensor widen(const vh::Tensor& x, int64_t channels) {
  return vh::ops::pad(x, {0, channels});
}

RelativeTables make_tables(const vh::Scope& scope, const BlockShape& shape, const vh::Grid& grid, int64_t width) {
  const int64_t side = std::max(grid[1], grid[2]);
  const int64_t spatial = std::max<int64_t>(1, relative_rows(side / shape.stride_q[1], side / shape.stride_kv[1]));
  const vh::ParamOptions options{.init = vh::nn::kTruncNormal, .on_resize = "linear1d(dim=0)"};
  RelativeTables tables;
  tables.rows[1] = scope.param("rel_pos_h", {spatial, width}, options);
  tables.rows[2] = scope.param("rel_pos_w", {spatial, width}, options);
  // A table of one row would add the same to the logits of all cells.
  if (grid[0] > 1) tables.rows[0] = scope.param("rel_pos_t", {relative_rows(grid[0], grid[0]), width}, options);
  return tables;
}

}  // namespace

vh::nn::LayerNorm LayerOptions::layer_norm(const vh::Scope& scope, int64_t width) const {
  vh::nn::LayerNorm norm;
  norm.scope = scope;
  norm.weight = scope.param("weight", {width}, {.init = "ones", .no_decay = true});
  norm.bias = scope.param("bias", {width}, {.init = norm_bias, .no_decay = true});
  norm.eps = eps;
  return norm;
}

Pooling::Pooling(const vh::Scope& scope, const std::string& name, int64_t width, const vh::Grid& stride_,
                 const LayerOptions& o)
    : weight((scope / ("pool_" + name))
                 .param("weight", {width, 1, o.pool_kernel[0], o.pool_kernel[1], o.pool_kernel[2]},
                        {.init = vh::nn::kTruncNormal, .on_resize = "inflate(dim=2)"})),
      norm(o.layer_norm(scope / ("norm_" + name), width)),
      stride(stride_) {}

Attention::Attention(const vh::Scope& scope, const BlockShape& shape, const vh::Grid& grid, const LayerOptions& o)
    : heads_(shape.heads),
      width_(shape.attention / shape.heads),
      prefix_(o.prefix),
      qkv_(scope / "qkv", shape.in, 3 * shape.attention, o.linear()),
      proj_(scope / "proj", shape.attention, shape.attention, o.linear()),
      q_(scope, "q", width_, shape.stride_q, o),
      k_(scope, "k", width_, shape.stride_kv, o),
      v_(scope, "v", width_, shape.stride_kv, o),
      tables_(make_tables(scope, shape, grid, width_)) {}

RelativeGrid Attention::relative(const vh::Grid& grid) const {
  return relative_grid(pooled(grid, q_.stride), pooled(grid, k_.stride), tables_, prefix_, width_);
}

vh::Tensor Attention::operator()(const vh::Tensor& x, const vh::Grid& grid, const RelativeGrid& relative) const {
  const int64_t b = x.size(0);
  const vh::Tensor all = qkv_(x).view({b, x.size(1), 3, heads_, width_});
  const PooledProjections projected =
      pool_projections(all, prefix_, grid, {q_.weight, k_.weight, v_.weight}, {q_.stride, k_.stride, v_.stride});
  vh::Tensor k = k_.normalise(projected.k);
  vh::Tensor v = v_.normalise(projected.v);
  const vh::Tensor one_hots = vh::ops::type_as(relative.one_hots, k);
  k = vh::ops::cat(
      {k / std::sqrt(static_cast<double>(width_)), one_hots.expand({b, heads_, one_hots.size(0), relative.channels})},
      3);
  v = widen(v, relative.channels);

  const vh::Tensor q = q_.normalise(projected.q);
  vh::Tensor y = attend(with_relative_terms(q, tables_, relative), k, v, width_) + q;  // residual pooling
  y = y.transpose(1, 2);                                                               // B x N' x heads x C
  if (prefix_)
    y = vh::ops::cat(
        {attend(widen(q_.normalise(projected.q_class), relative.channels), k, v, width_).transpose(1, 2), y}, 1);
  return proj_(y.reshape({b, -1, heads_ * width_}));
}

}  // namespace mvit
