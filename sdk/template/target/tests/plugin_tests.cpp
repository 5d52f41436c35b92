// The target beside a stand-in for the host, which has no operators: what it accepts and what it states.
#include "vhost/cpp/testing.hpp"

int main(int, char** argv) {
  const vh::test::Plugin plugin(argv[1]);
  const vh::Spec features = vh::tokens_spec("features.0", "features", {4, 3, 3}, {2, 8, 8}, 48);
  auto target = plugin.make<vh_target_1>("pixels", "{}", {features});
  const vh::Spec out = target.describe({features}).at(0);
  VH_CHECK(out.key == "target.pixels" && out.axes == "BNC" && out.coverage == VH_ALL);
  VH_CHECK((out.dim == std::vector<int64_t>{vh::kBatch, 36, 2 * 8 * 8 * 3}));
  VH_CHECK((out.grid == vh::Grid{4, 3, 3}));

  const vh::Spec vector{.key = "features.0", .semantic = "features", .axes = "BC", .dim = {vh::kBatch, 48}};
  VH_CHECK_FAILS(plugin.make<vh_target_1>("pixels", "{}", {vector}), "accepts features on a grid of tokens");
  VH_CHECK_FAILS(plugin.make<vh_target_1>("pixels"), "needs 'features.0'");
  return vh::test::result();
}
