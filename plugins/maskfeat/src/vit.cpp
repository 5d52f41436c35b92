#include "vit.h"

#include "vhost/cpp/grid.hpp"

namespace maskfeat {

namespace {

struct Size {
  const char* name;
  int64_t width, depth, heads;
};
constexpr Size kSizes[] = {{"tiny", 192, 12, 3}, {"small", 384, 12, 6}, {"base", 768, 12, 12}, {"large", 1024, 24, 16}};

const Size& size_named(const std::string& name) {
  for (const Size& size : kSizes)
    if (name == size.name) return size;
  throw vh::param_error("/size", "there is no size " + name);
}

std::string mask_mode(const vh::Specs& in) {
  return in.has("mask.bool") ? in["mask.bool"].semantic : "";
}

}  // namespace

Vit::Vit(const vh::Build& build, const Params& p) : patch_{1, p.patch, p.patch}, prefix_(p.class_token ? 1 : 0) {
  const Size& size = size_named(p.size);
  const vh::Spec input = build.in["input"];
  const std::string mode = mask_mode(build.in);
  channels_ = input.size('C');
  width_ = p.dim.value_or(size.width);
  grid_ = grid_of(input);
  drop_ = mode == "mask.drop";

  const vh::Scope first = build.scope.layer(0);
  const vh::ParamOptions token{.init = vh::nn::kTruncNormal};
  patch_embed_ =
      vh::nn::Conv2d(first / "patch_embed" / "proj", channels_, width_,
                     {.kernel = {p.patch}, .stride = {p.patch}, .init = vh::nn::kTruncNormal, .bias_init = "zeros"});
  if (mode == "mask.replace")
    mask_token_ = first.param("mask_token", {1, 1, width_}, {.init = vh::nn::kTruncNormal, .no_decay = true});
  if (prefix_) cls_token_ = first.param("cls_token", {1, 1, width_}, token);
  pos_embed_ = first.param("pos_embed", {1, prefix_ + vh::cells(grid_), width_},
                           {.init = vh::nn::kTruncNormal,
                            .on_resize = vh::str("bicubic2d(prefix=", prefix_, ",h=", grid_[1], ",w=", grid_[2], ")")});
  blocks_ = std::make_unique<vh::nn::Transformer>(build.scope / "blocks",
                                                  vh::nn::TransformerOptions{.width = width_,
                                                                             .depth = p.depth.value_or(size.depth),
                                                                             .heads = p.heads.value_or(size.heads),
                                                                             .mlp_ratio = p.mlp_ratio,
                                                                             .eps = p.layer_norm_eps,
                                                                             .drop_path = p.drop_path,
                                                                             .checkpoint = p.checkpoint,
                                                                             .layer_ids = true});
  if (p.final_norm.value_or(!mode.empty())) norm_.emplace(build.scope / "norm", width_, p.layer_norm_eps);
}

vh::Grid Vit::grid_of(const vh::Spec& input) const {
  if (input.size('T') != 1)
    throw vh::argument_error(vh::str("vit takes images, not clips of ", input.size('T'),
                                     " frames: use videomae/vit for clips, or read single frames"));
  for (const char axis : {'H', 'W'})
    if (input.size(axis) < 1 || input.size(axis) % patch_[1] != 0)
      throw vh::param_error("/patch", vh::str(patch_[1], " doesn't divide the image's ", input.size(axis),
                                              " pixels along ", axis, "; it must"));
  return {1, input.size('H') / patch_[1], input.size('W') / patch_[2]};
}

std::vector<vh::Spec> Vit::describe(const vh::Specs& in) const {
  const vh::Spec input = in["input"];
  const vh::Grid grid = grid_of(input);
  if (input.size('C') != channels_)
    throw vh::argument_error(vh::str("vit was made for ", channels_, " channels, not ", input.size('C')));
  if (grid != grid_)
    throw vh::argument_error(
        vh::str("vit was made for ", grid_[1], "x", grid_[2], " patches, not ", grid[1], "x", grid[2],
                ": its positions are learned; let training and evaluation see images of one size"));
  int64_t tokens = prefix_ + vh::cells(grid);
  if (drop_) {
    tokens = in["mask.visible_index"].dim.at(1);
    tokens = tokens > 0 ? prefix_ + tokens : vh::kVisible;
  }
  return {{.key = "features.0",
           .semantic = "features",
           .axes = "BNC",
           .dim = {vh::kBatch, tokens, width_},
           .coverage = drop_ ? VH_VISIBLE : VH_ALL,
           .grid = grid,
           .stride = patch_,
           .prefix_tokens = prefix_}};
}

vh::Tensor Vit::embed(const vh::Step& step) const {
  vh::Tensor patches = vh::as_cells(step.in("input"), patch_);
  vh::Tensor position = prefix_ ? pos_embed_.slice(1, prefix_) : pos_embed_;
  if (drop_) {
    const vh::Tensor visible = step.in("mask.visible_index");
    patches = vh::pick(patches, visible);
    position = vh::pick_rows(position.squeeze(0), visible);
  }
  const vh::Tensor weight = patch_embed_.weight.view({width_, channels_ * vh::cells(patch_)});
  vh::Tensor x = vh::ops::linear(patches, weight, patch_embed_.bias);  // B x N x D
  if (mask_token_.defined()) x = vh::ops::where(step.in("mask.bool").unsqueeze(2), vh::ops::type_as(mask_token_, x), x);
  x = x + vh::ops::type_as(position, x);
  if (!prefix_) return x;
  const vh::Tensor cls = vh::ops::type_as(cls_token_ + pos_embed_.slice(1, 0, 1), x);
  return vh::ops::cat({cls.expand({x.size(0), 1, width_}), x}, 1);
}

void Vit::run(const vh::Step& step) const {
  vh::Tensor x = (*blocks_)(embed(step), step.train());
  if (norm_) x = (*norm_)(x);
  step.out("features.0", x);
}

}  // namespace maskfeat
