#include "blocks.h"

#include "vhost/cpp/checkpoint.hpp"

namespace videomae {

vh::nn::LinearOptions linear_options(const std::string& init, bool bias) {
  return {.bias = bias, .init = init, .bias_init = "zeros"};
}

Block::Block(const vh::Scope& scope_, const BlocksOptions& o, double drop_path)
    : scope(scope_),
      norm1(scope / "norm1", o.width, o.eps),
      norm2(scope / "norm2", o.width, o.eps),
      attn(scope / "attn", o.width,
           {.heads = o.heads, .qkv_bias = vh::nn::QkvBias::qv, .linear = linear_options(o.init)}),
      mlp(scope / "mlp", o.width, static_cast<int64_t>(o.mlp_ratio * static_cast<double>(o.width)), 0,
          linear_options(o.init)),
      drop{drop_path} {}

vh::Tensor Block::operator()(const vh::Tensor& x, bool train) const {
  const vh::Tensor y = x + drop(attn(norm1(x), train), train);
  return y + drop(mlp(norm2(y), train), train);
}

Blocks::Blocks(const vh::Scope& scope, const BlocksOptions& o) : checkpoint_(o.checkpoint) {
  if (o.width % o.heads != 0)
    throw vh::param_error("/heads", vh::str(o.heads, " heads don't divide a width of ", o.width));
  for (int64_t i = 0; i < o.depth; ++i) {
    const double share = o.depth > 1 ? static_cast<double>(i) / static_cast<double>(o.depth - 1) : 0;
    const vh::Scope below = scope / i;
    blocks_.emplace_back(o.layer_ids ? below.layer(static_cast<int32_t>(i + 1)) : below, o, o.drop_path * share);
  }
}

vh::Tensor Blocks::operator()(vh::Tensor x, bool train) const {
  for (const Block& block : blocks_)
    x = checkpoint_ ? vh::checkpoint(block.scope, {x}, [&block, train](const auto& in) { return block(in[0], train); })
                    : block(x, train);
  return x;
}

}  // namespace videomae
