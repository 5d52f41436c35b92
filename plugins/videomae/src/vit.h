// The encoder of VideoMAE (arXiv:2203.12602, section 3.3): a plain vision transformer over cubes, without class token.
#pragma once
#include <memory>

#include "vhost/cpp/plugin.hpp"
#include "vhost/cpp/transformer.hpp"

namespace videomae {

// input [B,C,T,H,W] -> features.0 [B,N,D], cubes in the order t, h, w. With a mask in drop mode only visible cubes are
// embedded and come out; in replace mode a learned token stands in for the masked ones, and all come out.
class Vit {
 public:
  struct Params {
    std::string size, init;
    std::optional<int64_t> dim, depth, heads;
    std::optional<bool> final_norm;
    int64_t patch, tubelet;
    double mlp_ratio, layer_norm_eps, drop_path;
    bool checkpoint;
    template <class V>
    void describe(V& v) {
      v("size", size, "base", vh::choices("tiny", "small", "base", "large", "huge"),
        "width, depth and heads: 192/12/3, 384/12/6, 768/12/12, 1024/24/16, 1280/32/16");
      v("dim", dim, std::nullopt, vh::range(2, 16384), "width of a token; null: by size");
      v("depth", depth, std::nullopt, vh::range(1, 256), "blocks; null: by size");
      v("heads", heads, std::nullopt, vh::range(1, 256), "attention heads, which must divide the width; null: by size");
      v("patch", patch, 16, vh::range(1, 512), "height and width of a cube in pixels; must divide the input's");
      v("tubelet", tubelet, 2, vh::range(1, 64), "frames of a cube; must divide the input's (1 for images)");
      v("mlp_ratio", mlp_ratio, 4.0, vh::range(0.1, 16), "hidden width of a block's two-layer network, over its width");
      v("layer_norm_eps", layer_norm_eps, 1e-6, vh::range(0, 1) | vh::above(0),
        "added to the variance in every layer norm");
      v("drop_path", drop_path, 0.0, vh::range(0, 1) | vh::below(1),
        "stochastic depth: chance that a sample skips the last block's branches; grows linearly from 0 at the first "
        "block");
      v("final_norm", final_norm, std::nullopt,
        "layer norm after the last block; null: with a mask only, since the heads for classification have their own");
      v("init", init, "auto", vh::choices("auto", "xavier", "trunc_normal"),
        "linear weights: xavier uniform as in pre-training, or a normal of std 0.02; auto: xavier with a mask, else "
        "the normal");
      v("checkpoint", checkpoint, false,
        "keep no activations inside a block, and compute them again in backward: less memory");
    }
  };
  static constexpr uint32_t kCaps = VH_CAP_META | VH_CAP_DOUBLE | VH_CAP_GRAPH_SAFE;

  Vit(const vh::Build& build, const Params& params);
  std::vector<vh::Spec> describe(const vh::Specs& in) const;
  void run(const vh::Step& step) const;
  vh::MaskModes mask_modes() const { return {VH_MASK_NONE | VH_MASK_REPLACE | VH_MASK_DROP, cube_}; }

 private:
  vh::Grid grid_of(const vh::Spec& input) const;  // throws if the cubes don't tile the input
  vh::Tensor embed(const vh::Step& step) const;

  vh::Grid cube_;
  int64_t channels_, width_, positions_ = 0;
  bool drop_ = false;
  vh::nn::Conv3d patch_embed_;  // computed as a matrix product: its kernel is its stride
  vh::Tensor mask_token_, pos_embed_;
  std::unique_ptr<vh::nn::Transformer> blocks_;
  std::optional<vh::nn::LayerNorm> norm_;
};

}  // namespace videomae
