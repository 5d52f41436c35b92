// The backbone beside a stand-in for the host, which has no operators: what it accepts, states and makes.
#include "vhost/cpp/testing.hpp"

int main(int, char** argv) {
  const vh::test::Plugin plugin(argv[1]);
  const vh::Spec input{.key = "input", .semantic = "input", .axes = "BCTHW", .dim = {vh::kBatch, 3, 8, 32, 24}};
  auto backbone = plugin.make<vh_backbone_1>("conv", R"({"width": 16, "patch": [2, 8, 8]})", {input});
  const vh::Spec out = backbone.describe({input}).at(0);
  VH_CHECK(out.key == "features.0" && out.axes == "BNC");
  VH_CHECK((out.dim == std::vector<int64_t>{vh::kBatch, 4 * 4 * 3, 16}));
  VH_CHECK((out.grid == vh::Grid{4, 4, 3} && out.stride == vh::Grid{2, 8, 8}));
  VH_CHECK((backbone.parameters().at("embed.weight") == std::vector<int64_t>{16, 3, 2, 8, 8}));
  VH_CHECK(!backbone.parameters().contains("mask_token"));
  VH_CHECK((backbone.mask_modes() == std::pair<uint32_t, vh::Grid>{VH_MASK_NONE | VH_MASK_REPLACE, {2, 8, 8}}));

  const vh::Spec mask{.key = "mask.bool", .semantic = "mask.replace", .axes = "BN", .dim = {vh::kBatch, 48}};
  VH_CHECK(plugin.make<vh_backbone_1>("conv", "{}", {input, mask}).parameters().contains("mask_token"));
  const vh::Spec odd{.key = "input", .semantic = "input", .axes = "BCTHW", .dim = {vh::kBatch, 3, 7, 32, 24}};
  VH_CHECK_FAILS(backbone.describe({odd}), "can't be cut into cells of");
  return vh::test::result();
}
