// The head beside a stand-in for the host, which has no operators: what it accepts, states and makes.
#include "vhost/cpp/testing.hpp"

int main(int, char** argv) {
  const vh::test::Plugin plugin(argv[1]);
  const vh::Spec features = vh::tokens_spec("features.0", "features", {4, 4, 4}, {2, 8, 8}, 48);
  const vh::Spec masked{.key = "mask.masked_index", .semantic = "mask", .axes = "BN", .dim = {vh::kBatch, vh::kMasked}};
  const vh::Spec target = vh::tokens_spec("target.pixels", "target", {4, 4, 4}, {2, 8, 8}, 384);
  const vh::Spec label{.key = "batch.label", .semantic = "label", .axes = "B", .dim = {vh::kBatch}, .classes = 10};

  auto logits = plugin.make<vh_head_1>("linear", "{}", {features}, {label});
  VH_CHECK(logits.describe({features}).at(0).key == "pred.logits");
  VH_CHECK((logits.parameters().at("fc.weight") == std::vector<int64_t>{10, 48}));

  auto tokens = plugin.make<vh_head_1>("linear", "{}", {features, masked}, {target});
  const vh::Spec out = tokens.describe({features}).at(0);
  VH_CHECK(out.key == "pred.pixels" && out.coverage == VH_MASKED && out.size('C') == 384);

  const vh::Spec vector{.key = "features.0", .semantic = "features", .axes = "BC", .dim = {vh::kBatch, 48}};
  VH_CHECK_FAILS(plugin.make<vh_head_1>("linear", "{}", {vector}, {label}), "of the whole grid, not [BC]");
  VH_CHECK_FAILS(plugin.make<vh_head_1>("linear", "{}", {features}), "nothing says what to predict");
  return vh::test::result();
}
