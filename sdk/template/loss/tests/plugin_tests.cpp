// The loss beside a stand-in for the host, which has no operators: what it accepts and what it states.
#include "vhost/cpp/testing.hpp"

int main(int, char** argv) {
  const vh::test::Plugin plugin(argv[1]);
  const vh::Spec pred = vh::tokens_spec("pred", "tokens", {4, 4, 4}, {2, 8, 8}, 384);
  const vh::Spec target = vh::tokens_spec("target", "target", {4, 4, 4}, {2, 8, 8}, 384);

  auto loss = plugin.make<vh_loss_1>("charbonnier", R"({"epsilon": 0.1})", {pred, target});
  VH_CHECK(loss.describe({pred, target}).at(0).key == "loss.sum");
  VH_CHECK(loss.normaliser() == VH_DIVIDE_SAMPLES);

  const vh::Spec masked = vh::tokens_spec("pred", "tokens", {4, 4, 4}, {2, 8, 8}, 384, VH_MASKED);
  VH_CHECK(plugin.make<vh_loss_1>("charbonnier", "{}", {masked, target}).normaliser() == VH_DIVIDE_MASKED);

  const vh::Spec narrow = vh::tokens_spec("target", "target", {4, 4, 4}, {2, 8, 8}, 192);
  VH_CHECK_FAILS(loss.describe({pred, narrow}), "accepts tokens [B,N,C] with the same C");
  return vh::test::result();
}
