#include <cmath>

#include "check/subject.h"

namespace vhost::check {

namespace {

double sum_of(const Subject& part, const vh_map& batch) {
  const Tensors out = outputs(part, batch, {});
  const auto it = out.find("loss.sum");
  if (it == out.end()) throw Failed("run puts no \"loss.sum\"");
  return it->second.item<double>();
}

void expect_near(double got, double want, const std::string& what) {
  if (std::abs(got - want) <= 1e-4 * std::max({std::abs(got), std::abs(want), 1e-3})) return;
  char text[96];
  std::snprintf(text, sizeof text, ": %.7g, where %.7g is due", got, want);
  throw Failed(what + text);
}

vh_map with_weights(vh_map batch, const std::vector<float>& weights) {
  batch.put("sample_weight", at::tensor(weights));
  return batch;
}

}  // namespace

// "loss.sum" adds up over rows, and rows without weight don't count: only then is a step the same however it's cut.
void loss_sum(const Case& subject) {
  for (const Situation& situation : accepted(subject, 5)) {
    const auto part = made(subject, situation);
    uint32_t normaliser = 0;
    const Answer answer = answer_of(
        [&](vh_error* error) { return part->table<vh_loss_1>().normaliser(part->self(), &normaliser, error); });
    if (!answer.ok()) throw Failed("normaliser fails: " + answer.text());
    if (normaliser > VH_DIVIDE_OWN) throw Failed("normaliser gives " + std::to_string(normaliser) + ", no VH_DIVIDE_*");
    const double first = sum_of(*part, fill(situation, {.rows = 2})),
                 rest = sum_of(*part, fill(situation, {.rows = 3, .first_row = 2})),
                 both = sum_of(*part, fill(situation, {.rows = 5})),
                 padded = sum_of(*part, with_weights(fill(situation, {.rows = 5}), {1, 1, 0, 0, 0}));
    if (normaliser != VH_DIVIDE_OWN)
      expect_near(both, first + rest, situation.name + ": the sum of two batches as one");
    expect_near(padded, first, situation.name + ": the sum with rows of sample_weight 0");
  }
}

}  // namespace vhost::check
