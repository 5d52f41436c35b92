// The encoder of a vision transformer (arXiv:2010.11929, equations 2 and 3): x + attention(norm(x)), then x +
// mlp(norm(x)).
#pragma once
#include "checkpoint.hpp"
#include "nn.hpp"

namespace vh::nn {

struct TransformerOptions {
  int64_t width, depth, heads;
  double mlp_ratio = 4, eps = 1e-6;
  double drop_path = 0;  // of the last block; grows linearly from 0 at the first
  QkvBias qkv_bias = QkvBias::all;
  std::string init = kTruncNormal;  // of all linear layers; their biases begin at zero
  bool checkpoint = false;          // keep no activations inside a block; compute them again in backward
  bool layer_ids = false;           // block i has layer id i + 1
};

// Parameters "norm1.*", "norm2.*", "attn.*" (see Attention), "mlp.fc1.*", "mlp.fc2.*".
struct TransformerBlock : Module {  // [B, N, C] -> [B, N, C]
  TransformerBlock() = default;
  TransformerBlock(const Scope& scope_, const TransformerOptions& o, double drop_path)
      : Module(scope_.remembering()),
        norm1(scope / "norm1", o.width, o.eps),
        norm2(scope / "norm2", o.width, o.eps),
        attn(scope / "attn", o.width,
             {.heads = o.heads, .qkv_bias = o.qkv_bias, .linear = {.init = o.init, .bias_init = "zeros"}}),
        mlp(scope / "mlp", o.width, static_cast<int64_t>(o.mlp_ratio * static_cast<double>(o.width)), 0,
            {.init = o.init, .bias_init = "zeros"}),
        drop{drop_path} {}
  Tensor operator()(const Tensor& x, bool train) const {
    const Tensor y = x + drop(attn(norm1(x), train), train);
    return y + drop(mlp(norm2(y), train), train);
  }
  LayerNorm norm1, norm2;
  Attention attn;
  Mlp mlp;
  DropPath drop;
};

// Parts hold it where it is made: checkpointed blocks refer to it. A block that is frozen whole runs as in evaluation.
class Transformer {  // [B, N, C] -> [B, N, C]
 public:
  // Makes scope.0, scope.1 ...; throws, for a parameter /heads, if the heads don't divide the width, and for /mlp_ratio
  // if that times the width is below 1.
  Transformer(const Scope& scope, const TransformerOptions& o) : checkpoint_(o.checkpoint) {
    if (o.width % o.heads != 0) throw param_error("/heads", str(o.heads, " heads don't divide a width of ", o.width));
    if (o.mlp_ratio * static_cast<double>(o.width) < 1)
      throw param_error("/mlp_ratio", str("leaves no hidden channel: ", o.mlp_ratio, " x a width of ", o.width));
    for (int64_t i = 0; i < o.depth; ++i) {
      const double share = o.depth > 1 ? static_cast<double>(i) / static_cast<double>(o.depth - 1) : 0;
      const Scope below = scope / i;
      blocks_.emplace_back(o.layer_ids ? below.layer(static_cast<int32_t>(i + 1)) : below, o, o.drop_path * share);
    }
  }
  Tensor operator()(Tensor x, bool train) const {
    for (const TransformerBlock& block : blocks_) {
      const bool trains = train && block.scope.learns();
      x = checkpoint_ ? checkpoint(block.scope, {x}, [&block, trains](const auto& in) { return block(in[0], trains); })
                      : block(x, trains);
    }
    return x;
  }

 private:
  bool checkpoint_;
  std::vector<TransformerBlock> blocks_;
};

}  // namespace vh::nn
