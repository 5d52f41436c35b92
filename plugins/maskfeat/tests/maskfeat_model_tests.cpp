#include <ATen/ATen.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "support/plugin_parts.h"

namespace data = boost::unit_test::data;
using namespace plugin_parts;

namespace {

constexpr const char* kVit = "maskfeat/vit";
const json::object kTiny{{"dim", 16}, {"depth", 2}, {"heads", 2}, {"patch", 8}};

vh_specs image(int64_t size, const std::string& mode = "", int64_t cells = 0, int64_t masked = 0) {
  vh_specs in = specs({input(1, size)});
  if (!mode.empty()) add_mask(in, mode, cells, masked);
  return in;
}

Spec tokens(const std::string& key, const std::string& semantic, std::vector<int64_t> grid, int64_t width,
            int32_t coverage = VH_ALL, int32_t prefix = 0) {
  Spec s = spec(key, semantic, "BNC", {VH_DIM_BATCH, prefix + grid[0] * grid[1] * grid[2], width});
  std::copy(grid.begin(), grid.end(), s.c.grid);
  s.c.coverage = coverage, s.c.prefix_tokens = prefix;
  return s;
}

Spec hog_target(std::vector<int64_t> grid = {1, 14, 14}) {
  return tokens("target.hog", "target", std::move(grid), 108);
}

// Counts of the original configurations for 224 x 224.
struct Counts {
  const char* size;
  int64_t encoder, pretraining, finetuning;
};
const Counts kCounts[] = {{"base", 85797120, 85882476, 86567656}, {"large", 303299584, 303413356, 304326632}};

std::map<std::string, at::Tensor> masked_step(const at::Tensor& pixels, const at::Tensor& mask) {
  const auto rows = [](const at::Tensor& m) { return m.nonzero().select(1, 1).view({m.size(0), -1}).contiguous(); };
  return {{"input", pixels},
          {"mask.bool", mask},
          {"mask.masked_index", rows(mask)},
          {"mask.visible_index", rows(mask.logical_not())}};
}

// The mask's pixels: [B,N] of patches of 8 on a square grid -> [B,1,1,H,W].
at::Tensor pixels_of(const at::Tensor& mask) {
  const int64_t side = static_cast<int64_t>(std::sqrt(mask.size(1)));
  return mask.view({mask.size(0), 1, 1, side, side}).repeat_interleave(8, 3).repeat_interleave(8, 4);
}

at::Tensor four_of_nine(int64_t batch) {
  return at::rand({batch, 9}).argsort(int64_t{1}).lt(4);
}

vh_specs loss_specs(int32_t coverage, bool weight) {
  vh_specs in =
      specs({tokens("pred", "tokens", {1, 2, 2}, 5, coverage), tokens("target", "target", {1, 2, 2}, 5, coverage),
             spec("sample_weight", "weight", "B", {VH_DIM_BATCH}, VH_F32)});
  if (weight) in.add(spec("weight", "weight", "BN", {VH_DIM_BATCH, 4}, VH_F32));
  return in;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(maskfeat_model_tests)

BOOST_DATA_TEST_CASE(parameter_counts_are_the_originals, data::xrange(std::size(kCounts)), row) {
  const Counts& want = kCounts[row];
  TestPart plain(VH_BACKBONE_1, kVit, {{"size", want.size}});
  plain.create_meta(image(224));
  BOOST_CHECK_EQUAL(plain.parameter_count(), want.encoder);

  const vh_specs in = image(224, "replace", 196, 78);
  TestPart vit(VH_BACKBONE_1, kVit, {{"size", want.size}}), head(VH_HEAD_1, "maskfeat/linear");
  vit.create_meta(in);
  head.create_meta(vit.describe(in), specs({hog_target()}));
  BOOST_CHECK_EQUAL(vit.parameter_count() + head.parameter_count(), want.pretraining);

  TestPart classifier(VH_HEAD_1, "classify/linear");
  classifier.create_meta(plain.describe(image(224)), specs({label(1000)}));
  BOOST_CHECK_EQUAL(plain.parameter_count() + classifier.parameter_count(), want.finetuning);
}

BOOST_AUTO_TEST_CASE(names_layers_and_decay_follow_the_original) {
  TestPart vit(VH_BACKBONE_1, kVit, kTiny);
  vit.create(image(24, "replace", 9, 4));
  std::map<std::string, std::pair<int32_t, bool>> seen;  // layer, decays
  for (const vhost::Param* p : vit.params()) seen[p->name] = {p->layer, (p->flags & VH_PARAM_NO_DECAY) == 0};
  const std::map<std::string, std::pair<int32_t, bool>> some{{"cls_token", {0, true}},
                                                             {"pos_embed", {0, true}},
                                                             {"mask_token", {0, false}},
                                                             {"patch_embed.proj.weight", {0, true}},
                                                             {"patch_embed.proj.bias", {0, false}},
                                                             {"blocks.0.attn.qkv.weight", {1, true}},
                                                             {"blocks.1.attn.qkv.bias", {2, false}},
                                                             {"blocks.1.attn.proj.weight", {2, true}},
                                                             {"blocks.1.norm2.weight", {2, false}},
                                                             {"blocks.1.mlp.fc1.weight", {2, true}},
                                                             {"blocks.1.mlp.fc2.weight", {2, true}},
                                                             {"norm.weight", {-1, false}}};
  for (const auto& [name, want] : some) BOOST_CHECK_MESSAGE(seen.count(name) && seen[name] == want, name);
  BOOST_CHECK_EQUAL(seen.size(), 5 + 2 * 12 + 2);
  BOOST_CHECK_EQUAL(vit.param("pos_embed").on_resize, "bicubic2d(prefix=1,h=3,w=3)");
  BOOST_CHECK_EQUAL(vit.param("pos_embed").value.sizes(), at::IntArrayRef({1, 10, 16}));
}

BOOST_AUTO_TEST_CASE(weights_begin_with_a_deviation_of_2_percent_and_biases_at_zero) {
  TestPart vit(VH_BACKBONE_1, kVit, {{"dim", 64}, {"depth", 1}, {"heads", 2}});
  vit.create(image(224, "replace", 196, 78));
  for (const vhost::Param* p : vit.params()) {
    if (p->value.dim() > 1 && p->value.numel() > 1000)
      BOOST_CHECK_SMALL(p->value.std().item<double>() - 0.02, 0.001);
    else if (p->name.find("bias") != std::string::npos)
      BOOST_CHECK_EQUAL(p->value.abs().max().item<double>(), 0);
  }
}

BOOST_DATA_TEST_CASE(no_masked_pixel_reaches_the_features, data::make({"replace", "drop"}), mode) {
  TestPart vit(VH_BACKBONE_1, kVit, kTiny);
  vit.create(image(24, mode, 9, 4));
  const at::Tensor mask = four_of_nine(3), x = at::randn({3, 3, 1, 24, 24}), noise = at::randn({3, 3, 1, 24, 24});
  const auto features = [&](const at::Tensor& pixels) { return vit.run(masked_step(pixels, mask)).at("features.0"); };
  const at::Tensor one = features(x);
  BOOST_CHECK_EQUAL(one.sizes(), at::IntArrayRef({3, 1 + (std::string(mode) == "drop" ? 5 : 9), 16}));
  BOOST_CHECK(at::equal(one, features(at::where(pixels_of(mask), noise, x))));
  BOOST_CHECK(!at::allclose(one, features(at::where(pixels_of(mask), x, noise))));
}

BOOST_AUTO_TEST_CASE(the_features_say_which_tokens_they_are) {
  TestPart vit(VH_BACKBONE_1, kVit, kTiny),
      bare(VH_BACKBONE_1, kVit, {{"dim", 16}, {"depth", 1}, {"class_token", false}, {"heads", 2}});
  vit.create(image(24, "drop", 9, 4));
  const Spec x = *vit.describe(image(24, "drop", 9, 4)).find("features.0");
  BOOST_CHECK_EQUAL(x.c.coverage, VH_VISIBLE);
  BOOST_CHECK_EQUAL(x.c.dim[1], 6);
  BOOST_CHECK_EQUAL(x.c.prefix_tokens, 1);
  BOOST_CHECK_EQUAL(x.c.grid[1], 3);
  BOOST_CHECK_EQUAL(x.c.stride[1], 8);
  bare.create(image(32));
  BOOST_CHECK_EQUAL(bare.describe(image(32)).find("features.0")->c.prefix_tokens, 0);
  BOOST_CHECK_EQUAL(bare.run({{"input", at::randn({2, 3, 1, 32, 32})}}).at("features.0").size(1), 4);
}

BOOST_AUTO_TEST_CASE(checkpointing_changes_no_gradient) {
  const at::Tensor x = at::randn({2, 3, 1, 16, 16});
  std::vector<at::Tensor> gradients;
  for (const bool checkpoint : {false, true}) {
    json::object params = kTiny;
    params["checkpoint"] = checkpoint;
    TestPart vit(VH_BACKBONE_1, kVit, params);
    vit.create(image(16));
    vit.run({{"input", x}}).at("features.0").square().sum().backward();
    gradients.push_back(vit.param("blocks.0.attn.qkv.weight").value.grad().clone());
  }
  BOOST_CHECK(gradients[0].abs().max().item<double>() > 0);
  BOOST_CHECK(at::allclose(gradients[0], gradients[1], 1e-6, 1e-9));
}

BOOST_AUTO_TEST_CASE(what_vit_cannot_take_is_refused_with_the_way_out) {
  TestPart clip(VH_BACKBONE_1, kVit), odd(VH_BACKBONE_1, kVit), heads(VH_BACKBONE_1, kVit, {{"heads", 7}});
  BOOST_CHECK_EXCEPTION(clip.create_meta(specs({input(16, 224)})), std::exception,
                        HasReason{"vit takes images, not clips of 16 frames: use videomae/vit for clips"});
  BOOST_CHECK_EXCEPTION(odd.create_meta(image(100)), std::exception,
                        HasReason{"/part/patch: maskfeat/vit: 16 doesn't divide the image's 100 pixels along H"});
  BOOST_CHECK_EXCEPTION(heads.create_meta(image(224)), std::exception,
                        HasReason{"/part/heads: maskfeat/vit: 7 heads don't divide a width of 768"});
  TestPart vit(VH_BACKBONE_1, kVit, kTiny);
  vit.create(image(24));
  BOOST_CHECK_EXCEPTION(vit.describe(image(32)), std::exception,
                        HasReason{"was made for 3x3 patches, not 4x4: its positions are learned"});
}

BOOST_AUTO_TEST_CASE(the_head_drops_the_class_token_and_is_one_linear_layer) {
  const Spec features = tokens("features.0", "features", {1, 2, 2}, 6, VH_ALL, 1);
  TestPart head(VH_HEAD_1, "maskfeat/linear");
  head.create(specs({features}), specs({hog_target({1, 2, 2})}));
  const Spec pred = *head.describe(specs({features})).find("pred.hog");
  BOOST_CHECK_EQUAL(pred.c.dim[1], 4);
  BOOST_CHECK_EQUAL(pred.c.dim[2], 108);
  BOOST_CHECK_EQUAL(pred.c.prefix_tokens, 0);
  const at::Tensor x = at::randn({2, 5, 6});
  BOOST_CHECK(at::allclose(head.run({{"features.0", x}}).at("pred.hog"),
                           at::linear(x.slice(1, 1), head.param("fc.weight").value, head.param("fc.bias").value)));
}

BOOST_AUTO_TEST_CASE(the_head_reads_maps_in_the_order_of_tokens) {
  Spec map = spec("features.0", "features", "BCTHW", {VH_DIM_BATCH, 6, 2, 1, 2});
  const int64_t grid[] = {2, 1, 2};
  std::copy(grid, grid + 3, map.c.grid);
  TestPart head(VH_HEAD_1, "maskfeat/linear");
  head.create(specs({map}), specs({hog_target({2, 1, 2})}));
  const at::Tensor x = at::randn({3, 6, 2, 1, 2}), y = head.run({{"features.0", x}}).at("pred.hog");
  const at::Tensor one = at::linear(x[1].select(1, 1).select(1, 0).select(1, 0), head.param("fc.weight").value,
                                    head.param("fc.bias").value);
  BOOST_CHECK(at::allclose(y[1][2], one, 1e-4, 1e-6));  // frame 1, column 0
}

BOOST_AUTO_TEST_CASE(the_head_refuses_what_it_cannot_predict) {
  const auto make = [](const Spec& features, const Spec& want) {
    TestPart(VH_HEAD_1, "maskfeat/linear").create(specs({features}), specs({want}));
  };
  BOOST_CHECK_EXCEPTION(make(tokens("features.0", "features", {1, 14, 14}, 6, VH_VISIBLE), hog_target()),
                        std::exception, HasReason{"set \"mode\": \"replace\" in the manifest's mask"});
  BOOST_CHECK_EXCEPTION(make(tokens("features.0", "features", {8, 7, 7}, 6), hog_target({8, 14, 14})), std::exception,
                        HasReason{"target.hog has 8x14x14, the backbone 8x7x7: choose strides or a target"});
  BOOST_CHECK_EXCEPTION(make(tokens("features.0", "features", {1, 14, 14}, 6), label(10)), std::exception,
                        HasReason{"linear predicts a target of tokens [B,N,C], not batch.label [B]"});
}

BOOST_AUTO_TEST_CASE(the_loss_is_the_mean_over_masked_tokens_by_weight_or_gathered) {
  TestPart all(VH_LOSS_1, "maskfeat/masked_l2"), gathered(VH_LOSS_1, "maskfeat/masked_l2");
  all.create(loss_specs(VH_ALL, true));
  gathered.create(loss_specs(VH_MASKED, false));
  all.describe(loss_specs(VH_ALL, true));
  gathered.describe(loss_specs(VH_MASKED, false));
  const at::Tensor pred = at::randn({3, 4, 5}), target = at::randn({3, 4, 5}), rows = at::tensor({1.f, 1.f, 0.f});
  const at::Tensor mask = at::tensor({0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0}).view({3, 4}).to(at::kBool);
  const at::Tensor sum =
      all.run({{"pred", pred}, {"target", target}, {"weight", mask.to(at::kFloat)}, {"sample_weight", rows}})
          .at("loss.sum");
  const auto chosen = [&](const at::Tensor& x) { return x.index({mask}).view({3, 2, 5}); };
  const at::Tensor same =
      gathered.run({{"pred", chosen(pred)}, {"target", chosen(target)}, {"sample_weight", rows}}).at("loss.sum");
  const double want = at::mse_loss(chosen(pred).slice(0, 0, 2), chosen(target).slice(0, 0, 2)).item<double>();
  BOOST_CHECK_CLOSE(sum.item<double>() / 4, want, 1e-4);
  BOOST_CHECK_CLOSE(same.item<double>() / 4, want, 1e-4);
}

BOOST_AUTO_TEST_CASE(the_loss_needs_a_mask) {
  TestPart loss(VH_LOSS_1, "maskfeat/masked_l2");
  loss.create(loss_specs(VH_ALL, false));
  uint32_t kind = 99;
  vh_error error = vhost::new_error();
  loss.part().check(loss.table<vh_loss_1>().normaliser(loss.part().self(), &kind, &error), error);
  BOOST_CHECK_EQUAL(kind, VH_DIVIDE_MASKED);
  BOOST_CHECK_EXCEPTION(loss.describe(loss_specs(VH_ALL, false)), std::exception,
                        HasReason{"masked_l2 needs a mask, which says where to compare: add \"mask\" to the manifest"});
}

BOOST_AUTO_TEST_SUITE_END()
