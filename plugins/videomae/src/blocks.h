// The transformer blocks that encoder and decoder share (arXiv:2010.11929, equations 2 and 3).
#pragma once
#include "vhost/cpp/nn.hpp"

namespace videomae {

struct BlocksOptions {
  int64_t width, depth, heads;
  double mlp_ratio = 4, eps = 1e-6;
  double drop_path = 0;  // of the last block; grows linearly from 0
  std::string init = vh::nn::kXavier;
  bool checkpoint = false;  // keep no activations inside a block; compute them again in backward
  bool layer_ids = false;   // block i has layer id i + 1
};

struct Block {
  Block(const vh::Scope& scope, const BlocksOptions& options, double drop_path);
  vh::Tensor operator()(const vh::Tensor& x, bool train) const;  // B x N x C -> B x N x C

  vh::Scope scope;
  vh::nn::LayerNorm norm1, norm2;
  vh::nn::Attention attn;
  vh::nn::Mlp mlp;
  vh::nn::DropPath drop;
};

class Blocks {
 public:
  // Makes scope.0, scope.1 ...; throws if the heads don't divide the width.
  Blocks(const vh::Scope& scope, const BlocksOptions& options);
  vh::Tensor operator()(vh::Tensor x, bool train) const;

 private:
  bool checkpoint_;
  std::vector<Block> blocks_;
};

// All linear layers of encoder and decoder: this weight, and zeros as bias.
vh::nn::LinearOptions linear_options(const std::string& init, bool bias = true);

}  // namespace videomae
