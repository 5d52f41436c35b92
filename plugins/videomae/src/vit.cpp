#include "vit.h"

#include <numeric>

#include "sinusoid.h"
#include "vhost/cpp/grid.hpp"

namespace videomae {

namespace {

struct Size {
  const char* name;
  int64_t width, depth, heads;
};
constexpr Size kSizes[] = {{"tiny", 192, 12, 3},
                           {"small", 384, 12, 6},
                           {"base", 768, 12, 12},
                           {"large", 1024, 24, 16},
                           {"huge", 1280, 32, 16}};

const Size& size_named(const std::string& name) {
  for (const Size& size : kSizes)
    if (name == size.name) return size;
  throw vh::param_error("/size", "there is no size " + name);
}

std::string mask_mode(const vh::Specs& in) {
  return in.has("mask.bool") ? in["mask.bool"].semantic : "";
}

}  // namespace

Vit::Vit(const vh::Build& build, const Params& p) : cube_{p.tubelet, p.patch, p.patch} {
  const Size& size = size_named(p.size);
  const vh::Spec input = build.in["input"];
  const std::string mode = mask_mode(build.in);
  channels_ = input.size('C');
  width_ = p.dim.value_or(size.width);
  positions_ = vh::cells(grid_of(input));
  drop_ = mode == "mask.drop";

  const vh::Scope first = build.scope.layer(0);
  patch_embed_ = vh::nn::Conv3d(
      first / "patch_embed" / "proj", channels_, width_,
      {.kernel = {cube_.begin(), cube_.end()}, .stride = {cube_.begin(), cube_.end()}, .on_resize = "inflate(dim=2)"});
  if (mode == "mask.replace")
    mask_token_ =
        first.param("mask_token", {1, 1, width_}, {.init = "trunc_normal(std=0.02,a=-0.02,b=0.02)", .no_decay = true});
  pos_embed_ = position_buffer(build, positions_, width_);

  const bool xavier = p.init == "xavier" || (p.init == "auto" && !mode.empty());
  blocks_ = std::make_unique<vh::nn::Transformer>(
      build.scope / "blocks", vh::nn::TransformerOptions{.width = width_,
                                                         .depth = p.depth.value_or(size.depth),
                                                         .heads = p.heads.value_or(size.heads),
                                                         .mlp_ratio = p.mlp_ratio,
                                                         .eps = p.layer_norm_eps,
                                                         .drop_path = p.drop_path,
                                                         .qkv_bias = vh::nn::QkvBias::qv,
                                                         .init = xavier ? vh::nn::kXavier : vh::nn::kTruncNormal,
                                                         .checkpoint = p.checkpoint,
                                                         .layer_ids = true});
  if (p.final_norm.value_or(!mode.empty())) norm_.emplace(build.scope / "norm", width_, p.layer_norm_eps);
}

vh::Grid Vit::grid_of(const vh::Spec& input) const {
  const char* const parameter[] = {"/tubelet", "/patch", "/patch"};
  vh::Grid grid;
  for (size_t i = 0; i < 3; ++i) {
    const char axis = "THW"[i];
    const int64_t samples = input.size(axis);
    if (samples < 1 || samples % cube_[i] != 0)
      throw vh::param_error(parameter[i], vh::str(cube_[i], " doesn't divide the input's ", samples, " along ", axis,
                                                  "; it must, as ", std::gcd(cube_[i], samples), " does"));
    grid[i] = samples / cube_[i];
  }
  return grid;
}

std::vector<vh::Spec> Vit::describe(const vh::Specs& in) const {
  const vh::Spec input = in["input"];
  const vh::Grid grid = grid_of(input);
  if (input.size('C') != channels_)
    throw vh::argument_error(vh::str("vit was made for ", channels_, " channels, not ", input.size('C')));
  if (vh::cells(grid) > positions_)
    throw vh::argument_error(vh::str("vit was made for at most ", positions_, " cubes, not ", vh::cells(grid),
                                     ": let training and evaluation see clips of one size"));
  int64_t tokens = vh::cells(grid);
  if (drop_) {
    tokens = in["mask.visible_index"].dim.at(1);
    if (tokens <= 0) tokens = vh::kVisible;
  }
  return {{.key = "features.0",
           .semantic = "features",
           .axes = "BNC",
           .dim = {vh::kBatch, tokens, width_},
           .coverage = drop_ ? VH_VISIBLE : VH_ALL,
           .grid = grid,
           .stride = cube_}};
}

vh::Tensor Vit::embed(const vh::Step& step) const {
  vh::Tensor cubes = vh::as_cells(step.in("input"), cube_);
  vh::Tensor position = cubes.size(1) == positions_ ? pos_embed_ : pos_embed_.slice(0, 0, cubes.size(1));
  if (drop_) {
    const vh::Tensor visible = step.in("mask.visible_index");
    cubes = vh::pick(cubes, visible);
    position = vh::pick_rows(position, visible);
  }
  const vh::Tensor weight = patch_embed_.weight.view({width_, channels_ * vh::cells(cube_)});
  vh::Tensor x = vh::ops::linear(cubes, weight, patch_embed_.bias);  // B x N x D
  if (mask_token_.defined()) x = vh::ops::where(step.in("mask.bool").unsqueeze(2), vh::ops::type_as(mask_token_, x), x);
  return x + vh::ops::type_as(position, x);
}

void Vit::run(const vh::Step& step) const {
  vh::Tensor x = (*blocks_)(embed(step), step.train());
  if (norm_) x = (*norm_)(x);
  step.out("features.0", x);
}

}  // namespace videomae
