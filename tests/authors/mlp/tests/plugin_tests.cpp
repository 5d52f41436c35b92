#include "vhost/cpp/testing.hpp"

int main(int, char** argv) {
  const vh::test::Plugin plugin(argv[1]);
  const vh::Spec volume = vh::volume_spec("features.0", "features", {2, 4, 4}, {4, 8, 8}, 32);
  const vh::Spec label{.key = "batch.label",
                       .semantic = "label",
                       .axes = "B",
                       .dim = {vh::kBatch},
                       .dtype = vh::DType::i64,
                       .classes = 4};
  auto head = plugin.make<vh_head_1>("classes", R"({"hidden": 10})", {volume}, {label});
  const vh::Spec out = head.describe({volume}).at(0);
  VH_CHECK(out.key == "pred.logits" && out.classes == 4);
  VH_CHECK((head.parameters().at("fc1.weight") == std::vector<int64_t>{10, 32}));
  VH_CHECK_FAILS(plugin.make<vh_head_1>("classes", "{}", {volume}), "nothing says what to predict");
  const vh::Spec target = vh::tokens_spec("target.edges", "target", {2, 4, 4}, {4, 8, 8}, 128);
  VH_CHECK_FAILS(plugin.make<vh_head_1>("classes", "{}", {volume}, {target}),
                 "predicts classes, and 'target.edges' has none");
  return vh::test::result();
}
