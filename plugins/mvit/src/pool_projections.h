// Pooling of queries, keys and values where they lie: in the one projection that holds all three.
#pragma once
#include <array>

#include "vhost/cpp/spec.hpp"
#include "vhost/cpp/tensor.hpp"

namespace mvit {

struct PooledProjections {
  vh::Tensor q_class;  // [B, heads, prefix, C] as it came; undefined without a prefix
  vh::Tensor q;        // [B, heads, N', C]
  vh::Tensor k, v;     // [B, heads, prefix + N', C], the prefix as it came
};

// all [B, prefix + N, 3, heads, C]: first the class token, if there is one, then the tokens of the grid. Weights and
// strides are those of q, k and v, see pool_conv(). On the CPU one node of autograd, which reads and writes `all` and
// its gradient in place of splitting and joining them; elsewhere pool_conv() for each.
PooledProjections pool_projections(const vh::Tensor& all, int64_t prefix, const vh::Grid& grid,
                                   const std::array<vh::Tensor, 3>& weights, const std::array<vh::Grid, 3>& strides);

}  // namespace mvit
