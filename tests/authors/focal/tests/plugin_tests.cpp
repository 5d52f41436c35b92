#include "vhost/cpp/testing.hpp"

int main(int, char** argv) {
  const vh::test::Plugin plugin(argv[1]);
  const vh::Spec pred = vh::logits_spec("pred", 4);
  const vh::Spec label{
      .key = "target", .semantic = "label", .axes = "B", .dim = {vh::kBatch}, .dtype = vh::DType::i64, .classes = 4};
  auto loss = plugin.make<vh_loss_1>("focal", "{}", {pred, label});
  VH_CHECK(loss.describe({pred, label}).at(0).key == "loss.sum");
  VH_CHECK(loss.normaliser() == VH_DIVIDE_SAMPLES);
  const vh::Spec tokens = vh::tokens_spec("pred", "tokens", {4, 4, 4}, {2, 8, 8}, 4);
  VH_CHECK_FAILS(loss.describe({tokens, label}), "accepts logits [B,K] and class indices i64 [B], not [BNC]");
  const vh::Spec soft{
      .key = "target", .semantic = "label", .axes = "BK", .dim = {vh::kBatch, 4}, .dtype = vh::DType::f32};
  VH_CHECK_FAILS(loss.describe({pred, soft}), "not [BK] and f32 [BK]");
  VH_CHECK_FAILS(plugin.make<vh_loss_1>("focal", R"({"gamma": -1})", {pred, label}), "is -1.0; want at least 0");
  return vh::test::result();
}
