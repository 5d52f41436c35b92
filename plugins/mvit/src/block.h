// A block of MViTv2 (arXiv:2112.01526, figure 2) or of MaskFeat's MViT, which widens in its two-layer network.
#pragma once
#include "attention.h"

namespace mvit {

// The first widens in attention (skip: projected norm1), the second in the network after it (skip: projected norm2).
// Parameters norm1, attn, norm2, mlp.fc1, mlp.fc2, and proj where in and out differ.
class Block {
 public:
  Block(const vh::Scope& scope, const BlockShape& shape, const vh::Grid& grid, const LayerOptions& options,
        double drop_path);
  // [B, prefix + N, in] -> [B, prefix + N', out].
  vh::Tensor operator()(const vh::Tensor& x, const vh::Grid& grid, const RelativeGrid& relative, bool train) const;
  RelativeGrid relative(const vh::Grid& grid) const { return attn_.relative(grid); }
  vh::Grid grid_after(const vh::Grid& grid) const;
  const vh::Scope& scope() const { return scope_; }

 private:
  vh::Tensor pool_skip(const vh::Tensor& x, const vh::Grid& grid) const;

  vh::Scope scope_;
  BlockShape shape_;
  int64_t prefix_;
  vh::nn::LayerNorm norm1_, norm2_;
  Attention attn_;
  vh::nn::Linear fc1_, fc2_;
  std::optional<vh::nn::Linear> proj_;
  vh::nn::DropPath drop_;
};

}  // namespace mvit
