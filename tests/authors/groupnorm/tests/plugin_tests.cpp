#include "vhost/cpp/testing.hpp"

int main(int, char** argv) {
  const vh::test::Plugin plugin(argv[1]);
  const vh::Spec input{.key = "input", .semantic = "input", .axes = "BCTHW", .dim = {vh::kBatch, 3, 8, 32, 30}};
  auto part = plugin.make<vh_backbone_1>("conv", R"({"width": 32, "blocks": 3})", {input});
  const vh::Spec out = part.describe({input}).at(0);
  VH_CHECK(out.axes == "BCTHW");
  VH_CHECK((out.dim == std::vector<int64_t>{vh::kBatch, 32, 2, 4, 4}));
  VH_CHECK((out.stride == vh::Grid{4, 8, 8}));
  VH_CHECK((part.parameters().at("blocks.1.conv.weight") == std::vector<int64_t>{16, 8, 3, 3, 3}));
  VH_CHECK(part.parameters().size() == 9);
  VH_CHECK(part.mask_modes().first == VH_MASK_NONE);
  VH_CHECK_FAILS(plugin.make<vh_backbone_1>("conv", R"({"groups": 3})", {input}),
                 "is 3, which doesn't divide block 0's 8");
  return vh::test::result();
}
