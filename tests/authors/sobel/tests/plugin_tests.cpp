#include "vhost/cpp/testing.hpp"

int main(int, char** argv) {
  const vh::test::Plugin plugin(argv[1]);
  const vh::Spec features = vh::tokens_spec("features.0", "features", {4, 4, 4}, {2, 8, 8}, 48);
  auto part = plugin.make<vh_target_1>("edges", "{}", {features});
  const vh::Spec out = part.describe({features}).at(0);
  VH_CHECK(out.key == "target.edges");
  VH_CHECK((out.dim == std::vector<int64_t>{vh::kBatch, 64, 2 * 8 * 8}));
  const vh::Spec vector{.key = "features.0", .semantic = "features", .axes = "BC", .dim = {vh::kBatch, 48}};
  VH_CHECK_FAILS(plugin.make<vh_target_1>("edges", "{}", {vector}), "accepts features on a grid of tokens");
  return vh::test::result();
}
