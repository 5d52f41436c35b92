#include "mvit.h"

#include "vhost/cpp/checkpoint.hpp"
#include "vhost/cpp/grid.hpp"

namespace mvit {

namespace {

vh::Grid triple(const std::optional<std::vector<int64_t>>& given, const vh::Grid& otherwise) {
  return given ? vh::Grid{given->at(0), given->at(1), given->at(2)} : otherwise;
}

Architecture architecture_of(const Mvit::Params& p, bool image, bool masked) {
  Architecture a = architecture_named(p.size);
  a.width = p.embed_dim.value_or(a.width);
  a.depth = p.depth.value_or(a.depth);
  a.heads = p.heads.value_or(a.heads);
  a.stage_starts = p.stage_starts.value_or(a.stage_starts);
  a.downscale = a.stage_starts;
  if (masked && !a.downscale.empty()) a.downscale.pop_back();
  a.downscale = p.downscale.value_or(a.downscale);
  a.double_in_attention = p.dim_mul == "attention";
  a.kv_stride = triple(p.kv_stride, image ? vh::Grid{1, 4, 4} : vh::Grid{1, 8, 8});
  return a;
}

vh::Grid odd(const char* pointer, const vh::Grid& kernel) {
  for (const int64_t k : kernel)
    if (k % 2 == 0) throw vh::param_error(pointer, vh::str("is even with ", k, "; want odd numbers"));
  return kernel;
}

vh::Grid padding_of(const vh::Grid& kernel) {
  return {kernel[0] / 2, kernel[1] / 2, kernel[2] / 2};
}

// 2 to the number of stages.
int64_t scale_of(const std::vector<int64_t>& downscale) {
  return int64_t{1} << std::min<size_t>(downscale.size(), 30);
}

LayerOptions layer_options(const Mvit::Params& p, const vh::Grid& pool_kernel, bool masked) {
  const std::string init = p.init != "auto" ? p.init : masked ? "maskfeat" : "slowfast";
  const char* const small = "constant(v=0.02)";
  return {.prefix = p.class_token ? 1 : 0,
          .pool_kernel = odd("/pool_kernel", pool_kernel),
          .mlp_ratio = p.mlp_ratio,
          .eps = p.layer_norm_eps,
          .linear_bias = init == "slowfast" ? small : "zeros",
          .norm_bias = init == "zeros" ? "zeros" : small};
}

}  // namespace

Mvit::Mvit(const vh::Build& build, const Params& p) : checkpoint_(p.checkpoint) {
  const vh::Spec input = build.in["input"];
  const bool image = input.size('T') == 1, masked = build.in.has("mask.bool");
  const Architecture architecture = architecture_of(p, image, masked);
  const std::vector<BlockShape> shapes = plan_blocks(architecture);
  if (p.mlp_ratio * static_cast<double>(architecture.width) < 1)
    throw vh::param_error("/mlp_ratio",
                          vh::str("leaves no hidden channel: ", p.mlp_ratio, " x a width of ", architecture.width));
  const std::string pool = p.pool.value_or(p.class_token ? "cls" : "mean");
  if (pool == "cls" && !p.class_token) throw vh::param_error("/pool", "is cls, but \"class_token\" is false");
  prefix_out_ = pool == "cls";
  channels_ = input.size('C');
  width_ = shapes.back().out;
  patch_ = triple(p.patch_stride, image ? vh::Grid{1, 4, 4} : vh::Grid{2, 4, 4});
  const int64_t scale = scale_of(architecture.stage_starts);
  mask_unit_ = triple(p.mask_unit, {patch_[0], patch_[1] * scale, patch_[2] * scale});
  const int64_t reached = scale_of(architecture.downscale);
  cell_ = {patch_[0], patch_[1] * reached, patch_[2] * reached};
  if (masked) check_mask(build.in["mask.bool"], input);
  layers_ = layer_options(p, triple(p.pool_kernel, image ? vh::Grid{1, 3, 3} : vh::Grid{3, 3, 3}), masked);
  const vh::Grid kernel = odd("/patch_kernel", triple(p.patch_kernel, image ? vh::Grid{1, 7, 7} : vh::Grid{3, 7, 7}));
  const vh::Grid padding = padding_of(kernel), tokens = tokens_of(input);

  const vh::Scope first = build.scope.layer(0);
  patch_embed_ = vh::nn::Conv3d(first / "patch_embed" / "proj", channels_, shapes[0].in,
                                {.kernel = {kernel.begin(), kernel.end()},
                                 .stride = {patch_.begin(), patch_.end()},
                                 .padding = {padding.begin(), padding.end()},
                                 .init = vh::nn::kTruncNormal,
                                 .on_resize = "inflate(dim=2)"});
  if (p.class_token)
    cls_token_ = first.param("cls_token", {1, 1, shapes[0].in}, {.init = vh::nn::kTruncNormal, .no_decay = masked});
  if (masked) mask_token_ = first.param("mask_token", {1, 1, shapes[0].in}, {.init = vh::nn::kTruncNormal});
  vh::Grid table_grid = tokens;  // the tables' sizes round down, as in the original code
  for (size_t i = 0; i < shapes.size(); ++i) {
    const double share = shapes.size() > 1 ? static_cast<double>(i) / static_cast<double>(shapes.size() - 1) : 0;
    const vh::Scope below = (build.scope / "blocks" / static_cast<int64_t>(i)).layer(static_cast<int32_t>(i + 1));
    blocks_.emplace_back(below, shapes[i], table_grid, layers_, p.drop_path * share);
    for (size_t axis = 0; axis < 3; ++axis) table_grid[axis] /= shapes[i].stride_q[axis];
  }
  if (p.final_norm.value_or(pool == "cls" || masked)) norm_ = layers_.layer_norm(build.scope / "norm", width_);
  relative_of(tokens);
}

vh::Grid Mvit::tokens_of(const vh::Spec& input) const {
  vh::Grid tokens;
  for (size_t i = 0; i < 3; ++i) {
    const int64_t samples = input.size("THW"[i]);
    if (samples < 1 || samples % patch_[i] != 0)
      throw vh::param_error("/patch_stride", vh::str(patch_[i], " doesn't divide the input's ", samples, " along ",
                                                     "THW"[i], "; it must"));
    tokens[i] = samples / patch_[i];
  }
  return tokens;
}

void Mvit::check_mask(const vh::Spec& mask, const vh::Spec& input) const {
  int64_t cells = 1;
  for (size_t i = 0; i < 3; ++i) {
    const int64_t samples = input.size("THW"[i]);
    if (mask_unit_[i] % cell_[i] != 0)
      throw vh::param_error("/mask_unit",
                            vh::str("is ", mask_unit_[i], " along ", "THW"[i], "; want a multiple of the ", cell_[i],
                                    " input samples that one cell of the features covers"));
    if (samples % mask_unit_[i] != 0)
      throw vh::param_error("/mask_unit", vh::str("is ", mask_unit_[i], " along ", "THW"[i],
                                                  ", which doesn't divide the input's ", samples, "; it must"));
    cells *= samples / mask_unit_[i];
  }
  if (mask.size('N') > 0 && mask.size('N') != cells)
    throw vh::argument_error(vh::str("mvit needs a mask of ", cells, " cells, not ", mask.size('N')));
}

const Mvit::Relative& Mvit::relative_of(const vh::Grid& tokens) const {
  const auto found = relative_.find(tokens);
  if (found != relative_.end()) return found->second;
  Relative relative;
  vh::Grid grid = tokens;
  for (const Block& block : blocks_) {
    relative.push_back(block.relative(grid));
    grid = block.grid_after(grid);
  }
  return relative_.emplace(tokens, std::move(relative)).first->second;
}

std::vector<vh::Spec> Mvit::describe(const vh::Specs& in) const {
  const vh::Spec input = in["input"];
  vh::Grid grid = tokens_of(input);
  if (input.size('C') != channels_)
    throw vh::argument_error(vh::str("mvit was made for ", channels_, " channels, not ", input.size('C')));
  for (const Block& block : blocks_) grid = block.grid_after(grid);
  const int64_t prefix = prefix_out_ ? 1 : 0;
  return {{.key = "features.0",
           .semantic = "features",
           .axes = "BNC",
           .dim = {vh::kBatch, prefix + vh::cells(grid), width_},
           .grid = grid,
           .stride = cell_,
           .prefix_tokens = static_cast<int32_t>(prefix)}};
}

vh::Tensor Mvit::replace_masked(const vh::Tensor& x, const vh::Tensor& mask, const vh::Grid& grid) const {
  const int64_t b = x.size(0);
  std::vector<int64_t> cells{b}, patches{b};
  for (size_t i = 0; i < 3; ++i) {
    const int64_t per_cell = mask_unit_[i] / patch_[i];
    cells.insert(cells.end(), {grid[i] / per_cell, 1});
    patches.insert(patches.end(), {grid[i] / per_cell, per_cell});
  }
  const vh::Tensor masked = mask.view(cells).expand(patches).reshape({b, vh::cells(grid), 1});
  return vh::ops::where(masked, vh::ops::type_as(mask_token_, x), x);
}

void Mvit::run(const vh::Step& step) const {
  const vh::Tensor maps = patch_embed_(step.in("input"));  // B x C x T x H x W
  vh::Grid grid{maps.size(2), maps.size(3), maps.size(4)};
  const Relative& relative = relative_of(grid);
  vh::Tensor x = vh::as_tokens(maps);
  if (mask_token_.defined()) x = replace_masked(x, step.in("mask.bool"), grid);
  if (cls_token_.defined()) x = vh::ops::cat({vh::ops::type_as(cls_token_, x).expand({x.size(0), 1, x.size(2)}), x}, 1);
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    const bool train = step.train() && block.scope().learns();
    const RelativeGrid& terms = relative[i];
    x = checkpoint_
            ? vh::checkpoint(block.scope(), {x},
                             [&block, &terms, grid, train](const auto& in) { return block(in[0], grid, terms, train); })
            : block(x, grid, terms, train);
    grid = block.grid_after(grid);
  }
  if (layers_.prefix && !prefix_out_) x = x.slice(1, layers_.prefix);
  if (norm_) x = (*norm_)(x);
  step.out("features.0", x);
}

}  // namespace mvit
