// The decoder of VideoMAE's pre-training (arXiv:2203.12602, section 3.3): a shallow transformer over visible tokens and
// mask tokens.
#pragma once
#include <memory>

#include "vhost/cpp/plugin.hpp"
#include "vhost/cpp/transformer.hpp"

namespace videomae {

// features.0 [B,N,C] (visible tokens, or all, of which the visible ones are taken; a class token is left out) ->
// pred.NAME [B,Nm,values] for the target target.NAME, of the masked tokens in ascending order.
class Decoder {
 public:
  struct Params {
    std::optional<int64_t> dim, depth, heads;
    double mlp_ratio, layer_norm_eps, drop_path;
    bool checkpoint;
    template <class V>
    void describe(V& v) {
      v("dim", dim, std::nullopt, vh::range(2, 16384), "width; null: half the encoder's, made divisible by the heads");
      v("depth", depth, std::nullopt, vh::range(1, 256), "blocks; null: 12 from an encoder width of 1024 on, else 4");
      v("heads", heads, std::nullopt, vh::range(1, 256),
        "attention heads, which must divide the width; null: one per 64 channels");
      v("mlp_ratio", mlp_ratio, 4.0, vh::range(0.1, 16), "hidden width of a block's two-layer network, over its width");
      v("layer_norm_eps", layer_norm_eps, 1e-6, vh::range(0, 1) | vh::above(0),
        "added to the variance in every layer norm");
      v("drop_path", drop_path, 0.0, vh::range(0, 1) | vh::below(1),
        "stochastic depth: chance that a sample skips the last block's branches; grows linearly from 0 at the first "
        "block");
      v("checkpoint", checkpoint, false,
        "keep no activations inside a block, and compute them again in backward: less memory");
    }
  };
  static constexpr uint32_t kCaps = VH_CAP_META | VH_CAP_DOUBLE | VH_CAP_GRAPH_SAFE;

  Decoder(const vh::Build& build, const Params& params);
  std::vector<vh::Spec> describe(const vh::Specs& in) const;
  void run(const vh::Step& step) const;

 private:
  std::string name_;  // "pixels" of "target.pixels"
  int64_t values_, width_, prefix_tokens_;
  bool all_tokens_;
  vh::nn::Linear encoder_to_decoder_, head_;
  vh::Tensor mask_token_, pos_embed_;
  std::unique_ptr<vh::nn::Transformer> blocks_;
  vh::nn::LayerNorm norm_;
};

}  // namespace videomae
