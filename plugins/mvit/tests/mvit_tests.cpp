#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "support/plugin_parts.h"

namespace data = boost::unit_test::data;
using namespace plugin_parts;

namespace {

// Of backbone and linear head: PySlowFast's and OpenMMLab's for clips, timm's for images (224 x 224).
struct Counts {
  const char* params;
  int64_t frames, outputs, total;
  bool masked = false;
};
const Counts kCounts[] = {
    {R"({"size": "tiny"})", 16, 400, 23801104},
    {R"({"size": "small"})", 16, 400, 34537744},
    {R"({"size": "base"})", 32, 400, 51230128},
    {R"({"size": "large"})", 16, 400, 213220480},
    {R"({"size": "small", "dim_mul": "mlp"})", 16, 400, 36475120},
    {R"({"size": "large", "dim_mul": "mlp"})", 16, 400, 217578064},
    {R"({"size": "small", "dim_mul": "mlp"})", 16, 108, 36253356, /*masked=*/true},
    {R"({"size": "tiny", "class_token": false, "final_norm": true})", 1, 1000, 24173320},
    {R"({"size": "small", "class_token": false, "final_norm": true})", 1, 1000, 34870216},
    {R"({"size": "base", "class_token": false, "final_norm": true})", 1, 1000, 51472744},
    {R"({"size": "large", "class_token": false, "final_norm": true, "dim_mul": "mlp"})", 1, 1000, 217992952},
};

json::object tiny(json::object params = {}) {
  json::object all{{"embed_dim", 8}, {"depth", 3}, {"heads", 1}, {"stage_starts", {1, 2}}, {"kv_stride", {1, 4, 4}}};
  for (const auto& [key, value] : params) all[key] = value;
  return all;
}

vh_specs masked_clip(int64_t frames, int64_t size, int64_t cells, int64_t masked) {
  vh_specs in = specs({input(frames, size)});
  add_mask(in, "replace", cells, masked);
  return in;
}

std::string grid_text(const Spec& s) {
  const auto triple = [](const int64_t* n) {
    return std::to_string(n[0]) + "x" + std::to_string(n[1]) + "x" + std::to_string(n[2]);
  };
  return std::to_string(s.c.prefix_tokens) + " + " + triple(s.c.grid) + " of " + triple(s.c.stride) + ", " +
         std::to_string(s.c.dim[1]) + " x " + std::to_string(s.c.dim[2]);
}

struct Rows {
  int64_t block, spatial;
  bool masked = false;
};
const Rows kRows[] = {{0, 111}, {1, 55},  {2, 55},        {3, 27},       {13, 27},
                      {14, 27}, {15, 13}, {14, 27, true}, {15, 27, true}};

struct Style {
  const char* name;
  bool masked;
  float linear, norm;
};
const Style kStyles[] = {{"auto", false, 0.02f, 0.02f},
                         {"auto", true, 0, 0.02f},
                         {"slowfast", true, 0.02f, 0.02f},
                         {"maskfeat", false, 0, 0.02f},
                         {"zeros", false, 0, 0}};

struct Misfit {
  const char* params;
  int64_t frames, size;
  const char* message;
  int64_t cells = 0;  // of a mask; 0: none
};
const Misfit kMisfits[] = {
    {"{}", 16, 226, "/part/patch_stride: mvit/mvit: 4 doesn't divide the input's 226 along H; it must"},
    {"{}", 15, 224, "/part/patch_stride: mvit/mvit: 2 doesn't divide the input's 15 along T; it must"},
    {R"({"heads": 5})", 16, 224, "/part/heads: mvit/mvit: 5 heads don't divide a width of 96"},
    {R"({"stage_starts": [1, 16]})", 16, 224, "/part/stage_starts: mvit/mvit: names block 16; the blocks are 0 to 15"},
    {R"({"stage_starts": [3, 1]})", 16, 224, "/part/stage_starts: mvit/mvit: doesn't ascend"},
    {R"({"downscale": [1, 1]})", 16, 224, "/part/downscale: mvit/mvit: doesn't ascend"},
    {R"({"pool_kernel": [3, 2, 2]})", 16, 224, "/part/pool_kernel: mvit/mvit: is even with 2; want odd numbers"},
    {R"({"patch_kernel": [4, 7, 7]})", 16, 224, "/part/patch_kernel: mvit/mvit: is even with 4"},
    {R"({"class_token": false, "pool": "cls"})", 16, 224,
     R"(/part/pool: mvit/mvit: is cls, but "class_token" is false)"},
    {R"({"mask_unit": [2, 24, 24]})", 16, 224, "/part/mask_unit: mvit/mvit: is 24 along H; want a multiple of the 16",
     9},
    {"{}", 16, 240, "/part/mask_unit: mvit/mvit: is 32 along H, which doesn't divide the input's 240; it must", 9},
    {"{}", 16, 224, "mvit needs a mask of 392 cells, not 9", 9},
    {"{}", 16, 20000, "mvit/mvit: relative positions along H of 5000 queries and 625 keys take over 268435456 weights"},
    {R"({"embed_dim": 4, "heads": 1, "mlp_ratio": 0.1})", 16, 224,
     "/part/mlp_ratio: mvit/mvit: leaves no hidden channel: 0.1 x a width of 4"},
    {R"({"size": "huge"})", 16, 224, "/part/size: must be one of"},
};

void make_mvit(const Misfit& misfit) {
  vh_specs in = specs({input(misfit.frames, misfit.size)});
  if (misfit.cells) add_mask(in, "replace", misfit.cells, 2);
  TestPart mvit(VH_BACKBONE_1, "mvit/mvit", json::parse(misfit.params).as_object());
  mvit.create_meta(in);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mvit_tests)

BOOST_DATA_TEST_CASE(parameter_counts_are_the_originals, data::xrange(std::size(kCounts)), row) {
  const Counts& want = kCounts[row];
  vh_specs in = specs({input(want.frames, 224)});
  if (want.masked) add_mask(in, "replace", 392, 157);
  TestPart part(VH_BACKBONE_1, "mvit/mvit", json::parse(want.params).as_object());
  const Spec features = *part.create_meta(in).describe(in).find("features.0");
  BOOST_CHECK_EQUAL(part.parameter_count() + want.outputs * (features.c.dim[2] + 1), want.total);
}

BOOST_AUTO_TEST_CASE(state_dict_names_are_the_original_codes) {
  TestPart mvit(VH_BACKBONE_1, "mvit/mvit", tiny({{"depth", 2}, {"stage_starts", {1}}, {"dim_mul", "mlp"}}));
  mvit.create(masked_clip(4, 32, 32, 3));
  std::vector<std::string> want{"cls_token",   "mask_token", "patch_embed.proj.weight", "patch_embed.proj.bias",
                                "norm.weight", "norm.bias",  "blocks.0.proj.weight",    "blocks.0.proj.bias"};
  for (const std::string block : {"blocks.0.", "blocks.1."}) {
    for (const char* name : {"rel_pos_h", "rel_pos_w", "rel_pos_t", "pool_q.weight", "pool_k.weight", "pool_v.weight"})
      want.push_back(block + "attn." + name);
    for (const char* name :
         {"norm1", "norm2", "attn.qkv", "attn.proj", "attn.norm_q", "attn.norm_k", "attn.norm_v", "mlp.fc1", "mlp.fc2"})
      for (const char* leaf : {".weight", ".bias"}) want.push_back(block + name + leaf);
  }
  std::vector<std::string> names;
  for (const vhost::Param* p : mvit.params()) names.push_back(p->name);
  std::sort(names.begin(), names.end());
  std::sort(want.begin(), want.end());
  BOOST_CHECK_EQUAL_COLLECTIONS(names.begin(), names.end(), want.begin(), want.end());
}

BOOST_DATA_TEST_CASE(tables_have_the_originals_rows, data::xrange(std::size(kRows)), row) {
  const Rows& want = kRows[row];
  vh_specs in = specs({input(16, 224)});
  if (want.masked) add_mask(in, "replace", 392, 157);
  TestPart mvit(VH_BACKBONE_1, "mvit/mvit", {{"dim_mul", "mlp"}});
  mvit.create_meta(in);
  const std::string attention = "blocks." + std::to_string(want.block) + ".attn.";
  BOOST_CHECK_EQUAL(mvit.param(attention + "rel_pos_h").value.size(0), want.spatial);
  BOOST_CHECK_EQUAL(mvit.param(attention + "rel_pos_w").value.size(0), want.spatial);
  BOOST_CHECK_EQUAL(mvit.param(attention + "rel_pos_t").value.size(0), 15);
  BOOST_CHECK_EQUAL(mvit.param(attention + "rel_pos_t").on_resize, "linear1d(dim=0)");
}

BOOST_AUTO_TEST_CASE(layer_ids_and_decay_follow_the_recipe) {
  TestPart mvit(VH_BACKBONE_1, "mvit/mvit", tiny()), plain(VH_BACKBONE_1, "mvit/mvit", tiny());
  mvit.create(masked_clip(4, 32, 8, 3));
  plain.create(specs({input(4, 32)}));
  for (const char* name : {"patch_embed.proj.weight", "cls_token", "mask_token"})
    BOOST_CHECK_EQUAL(mvit.param(name).layer, 0);
  BOOST_CHECK_EQUAL(mvit.param("blocks.0.attn.rel_pos_h").layer, 1);
  BOOST_CHECK_EQUAL(mvit.param("blocks.2.mlp.fc2.bias").layer, 3);
  BOOST_CHECK_EQUAL(mvit.param("norm.weight").layer, -1);
  const auto decays = [](const TestPart& part, const char* name) {
    return !(part.param(name).flags & VH_PARAM_NO_DECAY);
  };
  for (const char* name : {"mask_token", "blocks.0.attn.rel_pos_h", "blocks.0.attn.rel_pos_t",
                           "blocks.0.attn.pool_q.weight", "blocks.0.attn.qkv.weight"})
    BOOST_CHECK_MESSAGE(decays(mvit, name), name);
  for (const char* name : {"cls_token", "blocks.0.attn.qkv.bias", "blocks.0.attn.norm_q.weight", "norm.weight"})
    BOOST_CHECK_MESSAGE(!decays(mvit, name), name);
  BOOST_CHECK(decays(plain, "cls_token"));
}

BOOST_DATA_TEST_CASE(initial_biases_follow_the_style, data::xrange(std::size(kStyles)), row) {
  const Style& want = kStyles[row];
  TestPart mvit(VH_BACKBONE_1, "mvit/mvit", tiny({{"init", want.name}}));
  mvit.create(want.masked ? masked_clip(4, 32, 8, 3) : specs({input(4, 32)}));
  const auto all_are = [&](const char* name, float value) {
    const at::Tensor bias = mvit.param(name).value;
    BOOST_CHECK_MESSAGE(at::equal(bias, at::full_like(bias, value)), name);
  };
  all_are("blocks.0.attn.qkv.bias", want.linear);
  all_are("blocks.0.mlp.fc2.bias", want.linear);
  all_are("blocks.0.norm1.bias", want.norm);
  all_are("blocks.0.attn.norm_k.bias", want.norm);
  BOOST_CHECK_GT(mvit.param("blocks.0.attn.rel_pos_h").value.abs().max().item<double>(), 0);
}

BOOST_AUTO_TEST_CASE(features_tell_class_token_grid_and_stride) {
  const auto features = [](json::object params, const vh_specs& in) {
    TestPart mvit(VH_BACKBONE_1, "mvit/mvit", params);
    return *mvit.create_meta(in).describe(in).find("features.0");
  };
  const Spec cls = features({}, specs({input(16, 224)}));
  BOOST_CHECK_EQUAL(grid_text(cls), "1 + 8x7x7 of 2x32x32, 393 x 768");
  const Spec mean = features({{"pool", "mean"}}, specs({input(16, 224)}));
  BOOST_CHECK_EQUAL(grid_text(mean), "0 + 8x7x7 of 2x32x32, 392 x 768");
  vh_specs masked = specs({input(16, 224)});
  add_mask(masked, "replace", 392, 157);
  BOOST_CHECK_EQUAL(grid_text(features({}, masked)), "1 + 8x14x14 of 2x16x16, 1569 x 768");
  BOOST_CHECK_EQUAL(grid_text(features({{"size", "tiny"}}, specs({input(1, 224)}))), "1 + 1x7x7 of 1x32x32, 50 x 768");
}

BOOST_DATA_TEST_CASE(what_does_not_fit_is_refused_with_its_reason, data::xrange(std::size(kMisfits)), row) {
  BOOST_CHECK_EXCEPTION(make_mvit(kMisfits[row]), std::exception, HasReason{kMisfits[row].message});
}

BOOST_AUTO_TEST_CASE(other_sizes_than_in_training_are_taken) {
  TestPart mvit(VH_BACKBONE_1, "mvit/mvit", tiny());
  mvit.create(specs({input(4, 32)}));
  for (const auto& [frames, size] : {std::pair<int64_t, int64_t>{4, 64}, {8, 40}, {2, 32}, {16, 16}}) {
    const Spec stated = *mvit.describe(specs({input(frames, size)})).find("features.0");
    const at::Tensor features = mvit.run({{"input", at::randn({2, 3, frames, size, size})}}).at("features.0");
    BOOST_CHECK_EQUAL(features.sizes(), at::IntArrayRef({2, stated.c.dim[1], stated.c.dim[2]}));
    BOOST_CHECK(features.isfinite().all().item<bool>());
  }
  BOOST_CHECK_EXCEPTION(mvit.describe(specs({input(4, 30)})), std::exception,
                        HasReason{"4 doesn't divide the input's 30 along H"});
}

BOOST_AUTO_TEST_CASE(masked_pixels_cannot_reach_the_features) {
  TestPart mvit(VH_BACKBONE_1, "mvit/mvit", tiny({{"patch_kernel", {1, 3, 3}}}));
  mvit.create(masked_clip(4, 32, 8, 2));  // cells of 2 x 16 x 16
  std::map<std::string, at::Tensor> in{{"input", at::randn({1, 3, 4, 32, 32})},
                                       {"mask.bool", at::zeros({1, 8}, at::kBool)}};
  in["mask.bool"][0][0] = true;
  in["mask.bool"][0][7] = true;
  const at::Tensor before = mvit.run(in).at("features.0");
  // What a kernel at a visible patch doesn't see: the cells' inner pixels.
  in["input"] = in["input"].clone();
  in["input"].slice(2, 0, 2).slice(3, 0, 15).slice(4, 0, 15).fill_(9);
  in["input"].slice(2, 2, 4).slice(3, 16, 32).slice(4, 16, 32).fill_(-9);
  BOOST_CHECK(at::equal(before, mvit.run(in).at("features.0")));
  in["input"].slice(2, 0, 2).slice(3, 0, 16).slice(4, 16, 32).fill_(9);  // the cell 1, which is visible
  BOOST_CHECK(!at::equal(before, mvit.run(in).at("features.0")));
}

// LibTorch's conv3d is wrong there.
BOOST_AUTO_TEST_CASE(one_frame_in_bf16_is_near_fp32) {
  for (const json::array& kernel : {json::array{1, 3, 3}, json::array{3, 3, 3}}) {
    TestPart mvit(VH_BACKBONE_1, "mvit/mvit",
                  tiny({{"patch_kernel", {3, 7, 7}}, {"patch_stride", {1, 4, 4}}, {"pool_kernel", kernel}}));
    mvit.create(specs({input(1, 32)}));
    const std::map<std::string, at::Tensor> in{{"input", at::randn({2, 3, 1, 32, 32})}};
    const at::Tensor exact = mvit.run(in).at("features.0");
    at::autocast::set_autocast_enabled(at::kCPU, true);
    const at::Tensor rounded = mvit.run(in).at("features.0").to(at::kFloat);
    at::autocast::set_autocast_enabled(at::kCPU, false);
    at::autocast::clear_cache();
    BOOST_CHECK_SMALL(((rounded - exact).norm() / exact.norm()).item<double>(), 0.03);
  }
}

BOOST_AUTO_TEST_CASE(drop_path_acts_in_training_only) {
  TestPart mvit(VH_BACKBONE_1, "mvit/mvit", tiny({{"drop_path", 0.9}}));
  mvit.create(specs({input(4, 32)}));
  const std::map<std::string, at::Tensor> in{{"input", at::randn({16, 3, 4, 32, 32})}};
  const at::Tensor eval = mvit.run(in, VH_EVAL).at("features.0");
  BOOST_CHECK(at::equal(eval, mvit.run(in, VH_EVAL).at("features.0")));
  BOOST_CHECK(!at::equal(eval, mvit.run(in, VH_TRAIN).at("features.0")));
}

BOOST_AUTO_TEST_SUITE_END()
