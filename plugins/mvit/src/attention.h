// Pooling attention (arXiv:2112.01526, section 4.1) with decomposed relative positions and residual pooling.
#pragma once
#include "config.h"
#include "relative_position.h"
#include "vhost/cpp/nn.hpp"

namespace mvit {

// What the layers of all blocks have in common.
struct LayerOptions {
  int64_t prefix = 1;  // class tokens before the grid's: 0 or 1
  vh::Grid pool_kernel = {3, 3, 3};
  double mlp_ratio = 4, eps = 1e-6;
  std::string linear_bias = "zeros", norm_bias = "zeros";  // initial values

  vh::nn::LinearOptions linear() const { return {.init = vh::nn::kTruncNormal, .bias_init = linear_bias}; }
  vh::nn::LayerNorm layer_norm(const vh::Scope& scope, int64_t width) const;
};

// Of q, k or v: pooling by a depth-wise convolution (pool_projections()), then the norm per head; a class token gets
// the norm only.
struct Pooling {
  Pooling() = default;
  Pooling(const vh::Scope& scope, const std::string& name, int64_t width, const vh::Grid& stride,
          const LayerOptions& o);

  vh::Tensor weight;  // C x 1 x kt x kh x kw
  vh::nn::LayerNorm norm;
  vh::Grid stride;
};

// Parameters qkv.*, proj.*, pool_{q,k,v}.weight, norm_{q,k,v}.*, rel_pos_{h,w}, and rel_pos_t if the grid has frames.
class Attention {
 public:
  // grid: of the tokens in training, whose size the tables get; other sizes interpolate them.
  Attention(const vh::Scope& scope, const BlockShape& shape, const vh::Grid& grid, const LayerOptions& options);
  // [B, prefix + N, in] -> [B, prefix + N', attention].
  vh::Tensor operator()(const vh::Tensor& x, const vh::Grid& grid, const RelativeGrid& relative) const;
  RelativeGrid relative(const vh::Grid& grid) const;

 private:
  int64_t heads_, width_, prefix_;  // width: of one head
  vh::nn::Linear qkv_, proj_;
  Pooling q_, k_, v_;
  RelativeTables tables_;
};

}  // namespace mvit
