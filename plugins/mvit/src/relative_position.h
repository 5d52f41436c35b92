// Decomposed relative positions (arXiv:2112.01526, equation 4): a query at (t,h,w) and a key at (t',h',w') add
// q.R_t[t,t'] + q.R_h[h,h'] + q.R_w[w,w'] to their logit.
//
// Note [Relative positions as channels]: the sum above equals the product of q's three rows of terms with the key's
// one-hot t', h' and w'. So queries get the terms as further channels and keys the one-hots, and attention runs without
// a bias tensor of [queries, keys].
#pragma once
#include <vector>

#include "vhost/cpp/spec.hpp"
#include "vhost/cpp/tensor.hpp"

namespace mvit {

// Rows of an axis' table that `queries` and `keys` cells along that axis need.
int64_t relative_rows(int64_t queries, int64_t keys);

// Row of each pair, [queries, keys] in row-major order, computed in fp32 as the original code does.
std::vector<int64_t> relative_index(int64_t queries, int64_t keys);

// The rows of each pair as weights over the stored rows, [queries, keys + padding, stored]: a one where the table has
// the rows needed, else two weights of linear interpolation (half-pixel centres). Those of the padding are zeros.
std::vector<double> relative_weights(int64_t queries, int64_t keys, int64_t stored, int64_t padding = 0);

// What a block's relative positions need to know of its grids. Constant; made once per grid.
struct RelativeGrid {
  vh::Grid queries, keys;
  int64_t channels = 0;               // further channels per token: keys' t + h + w, padded to a multiple of 8
  int64_t padding = 0;                // of which zeros, after h
  std::array<vh::Tensor, 3> weights;  // t, h, w: [queries * keys, stored]; t undefined without a table for it
  vh::Tensor one_hots;                // [prefix + keys, channels]; prefix tokens have zeros
};

// The tables of a block; t may be undefined: then frames don't matter.
struct RelativeTables {
  std::array<vh::Tensor, 3> rows;  // t, h, w: [stored, C]
};

// head_width: channels of a query before the further ones. Of tables on the meta device only sizes are made. Throws
// Error for an axis of more than 2^28 weights, on any device.
RelativeGrid relative_grid(const vh::Grid& queries, const vh::Grid& keys, const RelativeTables& tables, int64_t prefix,
                           int64_t head_width);

// q [B, heads, N, C], contiguous, on the queries' grid -> [B, heads, N, C + channels].
vh::Tensor with_relative_terms(const vh::Tensor& q, const RelativeTables& tables, const RelativeGrid& grid);

}  // namespace mvit
