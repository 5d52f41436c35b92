#include "decoder.h"

#include "sinusoid.h"
#include "vhost/cpp/grid.hpp"

namespace videomae {

namespace {

constexpr const char* kTargetPrefix = "target.";

// Checks that the features can be decoded, and says what is decoded.
vh::Spec decodable(const vh::Specs& in) {
  const vh::Spec features = in["features.0"];
  if (!features.is_tokens() || features.coverage == VH_MASKED || vh::cells(features.grid) < 1)
    throw vh::argument_error(vh::str("decoder accepts tokens [B,N,C] on a grid, visible ones or all; got [",
                                     features.axes, "]", vh::cells(features.grid) < 1 ? " without a grid" : ""));
  if (!in.has("mask.visible_index") || !in.has("mask.masked_index"))
    throw vh::argument_error(vh::str(
        "decoder needs a mask with a fixed number of masked tokens: ",
        in.has("mask.bool") ? "this one's varies, that of videomae/tube does not" : "add \"mask\" to the manifest"));
  if (in.has("mask.bool") && in["mask.bool"].dim.at(1) > 0 && in["mask.bool"].dim[1] != vh::cells(features.grid))
    throw vh::argument_error(vh::str("decoder needs one mask cell per token, not ", in["mask.bool"].dim[1],
                                     " cells for ", vh::cells(features.grid),
                                     " tokens: let a mask cell of the backbone be ", features.stride[0], "x",
                                     features.stride[1], "x", features.stride[2], " input samples, as its tokens are"));
  return features;
}

int64_t default_heads(int64_t width) {
  for (int64_t heads = std::max<int64_t>(1, width / 64); heads > 1; --heads)
    if (width % heads == 0) return heads;
  return 1;
}

}  // namespace

Decoder::Decoder(const vh::Build& build, const Params& p) {
  const vh::Spec features = decodable(build.in), target = build.wanted();
  if (target.key.rfind(kTargetPrefix, 0) != 0 || !target.is_tokens())
    throw vh::argument_error(
        vh::str("decoder predicts a target of tokens [B,N,C], not ", target.key, " [", target.axes, "]"));
  name_ = target.key.substr(std::strlen(kTargetPrefix));
  values_ = target.size('C');
  all_tokens_ = features.coverage == VH_ALL;
  prefix_tokens_ = features.prefix_tokens;
  const int64_t encoder_width = features.size('C');
  width_ = p.dim.value_or(std::max<int64_t>(2, encoder_width / 2));

  encoder_to_decoder_ = vh::nn::Linear(build.scope / "encoder_to_decoder", encoder_width, width_, {.bias = false});
  mask_token_ = build.scope.param("mask_token", {1, 1, width_},
                                  {.init = "trunc_normal(std=0.02,a=-0.02,b=0.02)", .no_decay = true});
  pos_embed_ = position_buffer(build, vh::cells(features.grid), width_);
  const vh::Scope decoder = build.scope / "decoder";
  blocks_ = std::make_unique<vh::nn::Transformer>(
      decoder / "blocks", vh::nn::TransformerOptions{.width = width_,
                                                     .depth = p.depth.value_or(encoder_width >= 1024 ? 12 : 4),
                                                     .heads = p.heads.value_or(default_heads(width_)),
                                                     .mlp_ratio = p.mlp_ratio,
                                                     .eps = p.layer_norm_eps,
                                                     .drop_path = p.drop_path,
                                                     .qkv_bias = vh::nn::QkvBias::qv,
                                                     .init = vh::nn::kXavier,
                                                     .checkpoint = p.checkpoint});
  norm_ = vh::nn::LayerNorm(decoder / "norm", width_, p.layer_norm_eps);
  head_ = vh::nn::Linear(decoder / "head", width_, values_, {.init = vh::nn::kXavier, .bias_init = "zeros"});
}

std::vector<vh::Spec> Decoder::describe(const vh::Specs& in) const {
  const vh::Spec features = decodable(in);
  const int64_t masked = in["mask.masked_index"].dim.at(1);
  return {{.key = "pred." + name_,
           .semantic = "tokens",
           .axes = "BNC",
           .dim = {vh::kBatch, masked > 0 ? masked : vh::kMasked, values_},
           .coverage = VH_MASKED,
           .grid = features.grid,
           .stride = features.stride}};
}

void Decoder::run(const vh::Step& step) const {
  const vh::Tensor visible = step.in("mask.visible_index"), masked = step.in("mask.masked_index");
  vh::Tensor x = step.in("features.0");
  if (prefix_tokens_) x = x.slice(1, prefix_tokens_);
  if (all_tokens_) x = vh::pick(x, visible);
  x = encoder_to_decoder_(x);  // B x Nv x D
  const vh::Tensor position = vh::ops::type_as(pos_embed_, x), token = vh::ops::type_as(mask_token_, x);
  // The visible tokens come first, then the masked ones; the positions tell where each belongs.
  x = vh::ops::cat({x + vh::pick_rows(position, visible), token + vh::pick_rows(position, masked)}, 1);  // B x N x D
  x = (*blocks_)(x, step.train());
  x = x.slice(1, visible.size(1));  // B x Nm x D
  step.out("pred." + name_, head_(norm_(x)));
}

}  // namespace videomae
