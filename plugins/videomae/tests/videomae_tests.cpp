#include <ATen/ATen.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "support/plugin_parts.h"

namespace data = boost::unit_test::data;
using namespace plugin_parts;

namespace {

vh_specs clip(int64_t frames, int64_t size, int64_t channels = 3) {
  return specs({input(frames, size, channels)});
}

vh_specs masked_clip(const std::string& mode, int64_t frames, int64_t size, int64_t cells, int64_t masked) {
  vh_specs in = clip(frames, size);
  add_mask(in, mode, cells, masked);
  return in;
}

Spec pixels_target(int64_t values) {
  return spec("target.pixels", "target", "BNC", {VH_DIM_BATCH, VH_DIM_MASKED, values}, VH_F32);
}

const json::object kTiny{{"dim", 16}, {"depth", 2}, {"heads", 2}, {"patch", 8}};

// Mask tensors of one choice for the whole batch.
std::map<std::string, at::Tensor> mask_tensors(int64_t batch, int64_t cells, const std::vector<int64_t>& masked) {
  at::Tensor mask = at::zeros({cells}, at::kBool);
  for (int64_t i : masked) mask[i] = true;
  const auto rows = [&](const at::Tensor& m) {
    return m.nonzero().squeeze(1).unsqueeze(0).expand({batch, -1}).contiguous();
  };
  return {{"mask.bool", mask.expand({batch, -1}).contiguous()},
          {"mask.masked_index", rows(mask)},
          {"mask.visible_index", rows(mask.logical_not())}};
}

// Counts of the original code for 16 x 224 x 224, tubelet 2, patch 16, mask ratio 0.9.
struct Counts {
  const char* size;
  int64_t encoder, pretraining;
};
const Counts kCounts[] = {{"small", 21879936, 24029376},
                          {"base", 86227200, 94210944},
                          {"large", 303860736, 342996992},
                          {"huge", 631607040, 692487296}};

struct Misfit {
  const char* params;
  int64_t frames, size;
  const char* message;
};
const Misfit kMisfits[] = {
    {R"({"patch": 16})", 16, 120, "/part/patch: videomae/vit: 16 doesn't divide the input's 120 along H; it must"},
    {R"({"tubelet": 2})", 15, 224, "/part/tubelet: videomae/vit: 2 doesn't divide the input's 15 along T; it must"},
    {R"({"size": "tiny", "heads": 5})", 16, 224, "/part/heads: videomae/vit: 5 heads don't divide a width of 192"},
    {R"({"dim": 8, "heads": 1, "mlp_ratio": 0.1})", 16, 224,
     "/part/mlp_ratio: videomae/vit: leaves no hidden channel: 0.1 x a width of 8"},
    {R"({"size": "giant"})", 16, 224, "/part/size: must be one of"},
    {R"({"patch": 0})", 16, 224, "/part/patch: must be at least 1"},
};

void make_vit(const Misfit& m) {
  TestPart vit(VH_BACKBONE_1, "videomae/vit", json::parse(m.params).as_object());
  vit.create_meta(clip(m.frames, m.size));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(videomae_tests)

BOOST_DATA_TEST_CASE(parameter_counts_are_the_papers, data::xrange(std::size(kCounts)), row) {
  const Counts& want = kCounts[row];
  const vh_specs in = masked_clip("drop", 16, 224, 1568, 1408);
  TestPart vit(VH_BACKBONE_1, "videomae/vit", {{"size", want.size}});
  vit.create_meta(in);
  vh_specs features = vit.describe(in);
  add_mask(features, "drop", 1568, 1408);
  TestPart decoder(VH_HEAD_1, "videomae/decoder");
  decoder.create_meta(features, specs({pixels_target(1536)}));
  BOOST_CHECK_EQUAL(vit.parameter_count(), want.encoder);
  BOOST_CHECK_EQUAL(vit.parameter_count() + decoder.parameter_count(), want.pretraining);
}

BOOST_AUTO_TEST_CASE(state_dict_names_are_the_original_codes) {
  const vh_specs in = masked_clip("drop", 4, 16, 8, 4);
  TestPart vit(VH_BACKBONE_1, "videomae/vit", {{"dim", 16}, {"depth", 1}, {"heads", 2}, {"patch", 8}});
  vit.create(in);
  std::vector<std::string> saved;
  for (const vhost::Param* p : vit.params())
    if (p->role != VH_BUFFER_NOT_SAVED) saved.push_back(p->name);
  const std::vector<std::string> want{"patch_embed.proj.weight",
                                      "patch_embed.proj.bias",
                                      "blocks.0.norm1.weight",
                                      "blocks.0.norm1.bias",
                                      "blocks.0.norm2.weight",
                                      "blocks.0.norm2.bias",
                                      "blocks.0.attn.qkv.weight",
                                      "blocks.0.attn.q_bias",
                                      "blocks.0.attn.v_bias",
                                      "blocks.0.attn.proj.weight",
                                      "blocks.0.attn.proj.bias",
                                      "blocks.0.mlp.fc1.weight",
                                      "blocks.0.mlp.fc1.bias",
                                      "blocks.0.mlp.fc2.weight",
                                      "blocks.0.mlp.fc2.bias",
                                      "norm.weight",
                                      "norm.bias"};
  std::vector<std::string> sorted = want;
  std::sort(saved.begin(), saved.end());
  std::sort(sorted.begin(), sorted.end());
  BOOST_CHECK_EQUAL_COLLECTIONS(saved.begin(), saved.end(), sorted.begin(), sorted.end());
  BOOST_CHECK_EQUAL(vit.param("patch_embed.proj.weight").value.sizes(), at::IntArrayRef({16, 3, 2, 8, 8}));
}

BOOST_AUTO_TEST_CASE(layer_ids_and_decay_follow_the_recipe) {
  TestPart vit(VH_BACKBONE_1, "videomae/vit", kTiny);
  vit.create(masked_clip("replace", 4, 16, 8, 4));
  BOOST_CHECK_EQUAL(vit.param("patch_embed.proj.weight").layer, 0);
  BOOST_CHECK_EQUAL(vit.param("mask_token").layer, 0);
  BOOST_CHECK_EQUAL(vit.param("blocks.0.attn.qkv.weight").layer, 1);
  BOOST_CHECK_EQUAL(vit.param("blocks.1.mlp.fc2.bias").layer, 2);
  BOOST_CHECK_EQUAL(vit.param("norm.weight").layer, -1);
  BOOST_CHECK(vit.param("mask_token").flags & VH_PARAM_NO_DECAY);
  BOOST_CHECK(vit.param("blocks.0.attn.q_bias").flags & VH_PARAM_NO_DECAY);
  BOOST_CHECK(!(vit.param("blocks.0.attn.qkv.weight").flags & VH_PARAM_NO_DECAY));
}

BOOST_AUTO_TEST_CASE(initial_weights_follow_the_mode) {
  vhost::BuildOptions options;
  options.seed = 3;
  TestPart pretrain(VH_BACKBONE_1, "videomae/vit", {{"dim", 64}, {"depth", 1}, {"heads", 2}, {"patch", 8}});
  TestPart finetune(VH_BACKBONE_1, "videomae/vit", {{"dim", 64}, {"depth", 1}, {"heads", 2}, {"patch", 8}});
  pretrain.create(masked_clip("drop", 4, 16, 8, 4), {}, options);
  finetune.create(clip(4, 16), {}, options);
  const double bound = std::sqrt(6.0 / (64 + 3 * 64));  // xavier, with qkv as one matrix
  const at::Tensor qkv = pretrain.param("blocks.0.attn.qkv.weight").value;
  BOOST_CHECK_LE(qkv.abs().max().item<double>(), bound);
  BOOST_CHECK_GT(qkv.abs().max().item<double>(), 0.95 * bound);
  BOOST_CHECK_CLOSE(finetune.param("blocks.0.attn.qkv.weight").value.std().item<double>(), 0.02, 5);
  const double conv = 1 / std::sqrt(3.0 * 2 * 8 * 8);  // PyTorch's default for the patch convolution
  for (const TestPart* vit : {&pretrain, &finetune})
    BOOST_CHECK_LE(vit->param("patch_embed.proj.weight").value.abs().max().item<double>(), conv);
  BOOST_CHECK_EQUAL(pretrain.param("blocks.0.mlp.fc1.bias").value.abs().max().item<double>(), 0);
}

BOOST_AUTO_TEST_CASE(features_tell_coverage_grid_and_stride) {
  const vh_specs in = masked_clip("drop", 16, 224, 1568, 1408);
  TestPart vit(VH_BACKBONE_1, "videomae/vit", {{"size", "tiny"}});
  const Spec dropped = *vit.create_meta(in).describe(in).find("features.0");
  BOOST_CHECK_EQUAL(dropped.c.coverage, VH_VISIBLE);
  BOOST_CHECK_EQUAL(dropped.c.dim[1], 160);
  BOOST_CHECK_EQUAL(dropped.c.dim[2], 192);
  BOOST_CHECK_EQUAL(dropped.c.grid[0] * 10000 + dropped.c.grid[1] * 100 + dropped.c.grid[2], 81414);
  BOOST_CHECK_EQUAL(dropped.c.stride[0] * 10000 + dropped.c.stride[1] * 100 + dropped.c.stride[2], 21616);
  TestPart whole(VH_BACKBONE_1, "videomae/vit", {{"size", "tiny"}});
  const Spec all = *whole.create_meta(clip(16, 224)).describe(clip(16, 224)).find("features.0");
  BOOST_CHECK_EQUAL(all.c.coverage, VH_ALL);
  BOOST_CHECK_EQUAL(all.c.dim[1], 1568);
}

BOOST_DATA_TEST_CASE(what_does_not_fit_is_refused_with_its_reason, data::xrange(std::size(kMisfits)), row) {
  BOOST_CHECK_EXCEPTION(make_vit(kMisfits[row]), std::exception, HasReason{kMisfits[row].message});
}

BOOST_AUTO_TEST_CASE(the_decoder_refuses_what_it_cannot_decode) {
  const auto make = [](const vh_specs& in, const Spec& want) {
    TestPart decoder(VH_HEAD_1, "videomae/decoder");
    decoder.create_meta(in, specs({want}));
  };
  TestPart vit(VH_BACKBONE_1, "videomae/vit", kTiny);
  const vh_specs unmasked = vit.create_meta(clip(4, 16)).describe(clip(4, 16));
  BOOST_CHECK_EXCEPTION(make(unmasked, pixels_target(384)), std::exception,
                        HasReason{"needs a mask with a fixed number of masked tokens"});
  vh_specs grid = specs({spec("features.0", "features", "BCTHW", {VH_DIM_BATCH, 16, 2, 2, 2})});
  add_mask(grid, "replace", 8, 4);
  BOOST_CHECK_EXCEPTION(make(grid, pixels_target(384)), std::exception,
                        HasReason{"decoder accepts tokens [B,N,C] on a grid"});
  vh_specs masked = unmasked;
  add_mask(masked, "drop", 8, 4);
  BOOST_CHECK_EXCEPTION(make(masked, label(5)), std::exception,
                        HasReason{"decoder predicts a target of tokens [B,N,C], not batch.label"});
}

BOOST_AUTO_TEST_CASE(the_decoder_leaves_a_class_token_out) {
  const auto decode = [](const at::Tensor& tokens, int32_t prefix) {
    Spec features = spec("features.0", "features", "BNC", {VH_DIM_BATCH, tokens.size(1), tokens.size(2)});
    const int64_t grid[] = {2, 2, 2}, stride[] = {2, 8, 8};
    std::copy(grid, grid + 3, features.c.grid);
    std::copy(stride, stride + 3, features.c.stride);
    features.c.prefix_tokens = prefix, features.c.coverage = VH_VISIBLE;
    vh_specs in = specs({features});
    add_mask(in, "drop", 8, 5);
    TestPart decoder(VH_HEAD_1, "videomae/decoder", {{"dim", 16}, {"depth", 1}, {"heads", 2}});
    decoder.create(in, specs({pixels_target(384)}));
    auto tensors = mask_tensors(2, 8, {0, 1, 2, 3, 4});
    tensors["features.0"] = tokens;
    return decoder.run(tensors).at("pred.pixels");
  };
  const at::Tensor visible = at::randn({2, 3, 16}), cls = at::randn({2, 1, 16});
  BOOST_CHECK(at::equal(decode(at::cat({cls, visible}, 1), 1), decode(visible, 0)));
}

BOOST_AUTO_TEST_CASE(the_decoder_says_how_large_a_mask_cell_must_be) {
  TestPart vit(VH_BACKBONE_1, "videomae/vit", kTiny), decoder(VH_HEAD_1, "videomae/decoder");
  vh_specs in = vit.create_meta(clip(4, 16)).describe(clip(4, 16));
  add_mask(in, "replace", 2, 1);
  BOOST_CHECK_EXCEPTION(decoder.create_meta(in, specs({pixels_target(384)})), std::exception,
                        HasReason{"one mask cell per token, not 2 cells for 8 tokens: let a mask cell of the backbone "
                                  "be 2x8x8 input samples"});
}

BOOST_AUTO_TEST_CASE(shapes_on_meta_tensors_are_those_of_a_run) {
  vh_specs in = masked_clip("drop", 4, 16, 8, 5);
  TestPart meta(VH_BACKBONE_1, "videomae/vit", kTiny), real(VH_BACKBONE_1, "videomae/vit", kTiny);
  meta.create_meta(in);
  real.create(in);
  auto tensors = mask_tensors(2, 8, {0, 1, 2, 3, 4});
  tensors["input"] = at::randn({2, 3, 4, 16, 16});
  auto shapes = tensors;
  for (auto& [key, tensor] : shapes) tensor = tensor.to(at::kMeta);
  BOOST_CHECK_EQUAL(real.run(tensors).at("features.0").sizes(), at::IntArrayRef({2, 3, 16}));
  BOOST_CHECK_EQUAL(meta.run(shapes).at("features.0").sizes(), at::IntArrayRef({2, 3, 16}));
}

BOOST_AUTO_TEST_CASE(masked_pixels_cannot_reach_the_features) {
  for (const char* mode : {"drop", "replace"}) {
    TestPart vit(VH_BACKBONE_1, "videomae/vit", kTiny);
    vit.create(masked_clip(mode, 4, 16, 8, 2));
    auto tensors = mask_tensors(1, 8, {0, 7});
    tensors["input"] = at::randn({1, 3, 4, 16, 16});
    const at::Tensor before = vit.run(tensors).at("features.0");
    tensors["input"] = tensors["input"].clone();
    tensors["input"].slice(2, 0, 2).slice(3, 0, 8).slice(4, 0, 8).fill_(9);     // the cube 0
    tensors["input"].slice(2, 2, 4).slice(3, 8, 16).slice(4, 8, 16).fill_(-9);  // the cube 7
    BOOST_CHECK_MESSAGE(at::equal(before, vit.run(tensors).at("features.0")), mode);
    tensors["input"].slice(2, 0, 2).slice(3, 0, 8).slice(4, 8, 16).fill_(9);  // the cube 1, which is visible
    BOOST_CHECK_MESSAGE(!at::equal(before, vit.run(tensors).at("features.0")), mode);
  }
}

BOOST_AUTO_TEST_CASE(drop_path_acts_in_training_only) {
  json::object params = kTiny;
  params["drop_path"] = 0.9;
  TestPart vit(VH_BACKBONE_1, "videomae/vit", params);
  vit.create(clip(4, 16));
  const std::map<std::string, at::Tensor> in{{"input", at::randn({16, 3, 4, 16, 16})}};
  const at::Tensor eval = vit.run(in, VH_EVAL).at("features.0");
  BOOST_CHECK(at::equal(eval, vit.run(in, VH_EVAL).at("features.0")));
  BOOST_CHECK(!at::equal(eval, vit.run(in, VH_TRAIN).at("features.0")));
}

BOOST_AUTO_TEST_SUITE_END()
