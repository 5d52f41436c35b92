// Multiscale vision transformers for clips and images: MViTv2 (arXiv:2112.01526), and the MViT of MaskFeat
// (arXiv:2112.09133), which differs in where channels double.
#pragma once
#include <map>
#include <optional>

#include "block.h"
#include "vhost/cpp/plugin.hpp"

namespace mvit {

// input [B,C,T,H,W] -> features.0 [B,prefix+N,C], tokens of the last grid in the order t, h, w. With a mask a learned
// token stands in for the masked patches before the first block.
class Mvit {
 public:
  struct Params {
    std::string size, dim_mul, init;
    std::optional<int64_t> embed_dim, depth, heads;
    std::optional<std::vector<int64_t>> stage_starts, downscale, patch_kernel, patch_stride, pool_kernel, mask_unit,
        kv_stride;
    std::optional<std::string> pool;
    std::optional<bool> final_norm;
    bool class_token, checkpoint;
    double mlp_ratio, layer_norm_eps, drop_path;
    template <class V>
    void describe(V& v);
  };
  static constexpr uint32_t kCaps = VH_CAP_META | VH_CAP_DOUBLE | VH_CAP_GRAPH_SAFE;

  Mvit(const vh::Build& build, const Params& params);
  std::vector<vh::Spec> describe(const vh::Specs& in) const;
  void run(const vh::Step& step) const;
  vh::MaskModes mask_modes() const { return {VH_MASK_NONE | VH_MASK_REPLACE, mask_unit_}; }

 private:
  using Relative = std::vector<RelativeGrid>;  // one per block

  vh::Grid tokens_of(const vh::Spec& input) const;  // throws if the patches don't tile the input
  void check_mask(const vh::Spec& mask, const vh::Spec& input) const;
  const Relative& relative_of(const vh::Grid& grid) const;
  vh::Tensor replace_masked(const vh::Tensor& x, const vh::Tensor& mask, const vh::Grid& grid) const;

  vh::Grid patch_, cell_, mask_unit_;  // input samples of a patch, of a cell of the features, of a mask cell
  int64_t channels_, width_;
  bool prefix_out_;  // the class token is part of the features
  LayerOptions layers_;
  vh::nn::Conv3d patch_embed_;
  vh::Tensor cls_token_, mask_token_;
  std::vector<Block> blocks_;
  std::optional<vh::nn::LayerNorm> norm_;
  bool checkpoint_;
  mutable std::map<vh::Grid, Relative> relative_;  // by the grid of the patches
};

template <class V>
void Mvit::Params::describe(V& v) {
  v("size", size, "small", vh::choices("tiny", "small", "base", "large"),
    "width, depth, heads and stage starts: 96/10/1/1,3,8; 96/16/1/1,3,14; 96/24/1/2,5,21; 144/48/2/2,8,44");
  v("dim_mul", dim_mul, "attention", vh::choices("attention", "mlp"),
    "where the width doubles: in the attention of a stage's first block (MViTv2), or in the two-layer network of the "
    "block before (MaskFeat's MViT)");
  v("embed_dim", embed_dim, std::nullopt, vh::range(1, 4096), "width of the first block's tokens; null: by size");
  v("depth", depth, std::nullopt, vh::range(1, 256), "blocks; null: by size");
  v("heads", heads, std::nullopt, vh::range(1, 256),
    "attention heads of the first block, which must divide the width; null: by size");
  v("stage_starts", stage_starts, std::nullopt, vh::range(1, 255),
    "blocks, from 0, at which heads and width double; null: by size");
  v("downscale", downscale, std::nullopt, vh::range(1, 255),
    "blocks that halve height and width; null: the stage starts, with a mask but for the last of them, as in "
    "MaskFeat's pre-training");
  v("kv_stride", kv_stride, std::nullopt, vh::length(3) | vh::range(1, 64),
    "t, h, w by which the first block pools keys and values; each downscaling divides it, down to 1; null: 1, 8, 8 for "
    "clips, 1, 4, 4 for images");
  v("patch_kernel", patch_kernel, std::nullopt, vh::length(3) | vh::range(1, 63),
    "t, h, w of the first convolution, odd, padded by half; null: 3, 7, 7 for clips, 1, 7, 7 for images");
  v("patch_stride", patch_stride, std::nullopt, vh::length(3) | vh::range(1, 64),
    "input samples t, h, w per patch, which must divide the input's; null: 2, 4, 4 for clips, 1, 4, 4 for images");
  v("pool_kernel", pool_kernel, std::nullopt, vh::length(3) | vh::range(1, 15),
    "t, h, w of the pooling convolutions, odd; null: 3, 3, 3 for clips, 1, 3, 3 for images");
  v("class_token", class_token, true, "a learned token before the patches");
  v("pool", pool, std::nullopt, vh::choices("cls", "mean"),
    "what classification heads shall use. cls: the class token comes first in the features; mean: it's left out, as is "
    "the final norm, since the head averages and then normalises (fc_norm); null: cls if there is a class token");
  v("final_norm", final_norm, std::nullopt,
    "layer norm after the last block; null: unless \"pool\" is mean and there is no mask");
  v("mask_unit", mask_unit, std::nullopt, vh::length(3) | vh::range(1, 1024),
    "input samples t, h, w that one mask cell covers, a multiple of what a cell of the features covers; null: a cell "
    "of the grid that all stages' downscaling would leave, 2, 32, 32 for clips");
  v("mlp_ratio", mlp_ratio, 4.0, vh::range(0.1, 16), "hidden width of a block's two-layer network, over its width");
  v("layer_norm_eps", layer_norm_eps, 1e-6, vh::range(0, 1) | vh::above(0),
    "added to the variance in every layer norm");
  v("drop_path", drop_path, 0.0, vh::range(0, 1) | vh::below(1),
    "stochastic depth: chance that a sample skips the last block's branches; grows linearly from 0 at the first block");
  v("init", init, "auto", vh::choices("auto", "slowfast", "maskfeat", "zeros"),
    "initial biases of linear layers and of layer norms: slowfast 0.02 and 0.02, maskfeat 0 and 0.02, zeros 0 and 0; "
    "auto: maskfeat with a mask, else slowfast");
  v("checkpoint", checkpoint, false,
    "keep no activations inside a block, and compute them again in backward: less memory");
}

}  // namespace mvit
