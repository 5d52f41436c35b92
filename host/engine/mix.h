// Mixup (Zhang et al., arXiv:1710.09412) and CutMix (Yun et al., arXiv:1905.04899) of a batch with itself.
#pragma once
#include <cstdint>
#include <vector>

#include "assembly/input.h"
#include "gateway/gateway.h"

namespace vhost {

struct MixRule {
  double mixup = 0, cutmix = 0, prob = 1, switch_prob = 0.5;
  bool permute = false;  // partners are drawn; else sample i of n goes with n - 1 - i
};
MixRule mix_rule(const Manifest& manifest);

// What happens to one batch; row i is mixed with row partner[i].
struct MixDraw {
  enum class Kind { none, mixup, cutmix } kind = Kind::none;
  double own = 1;                                    // share of the row itself, in pixels and labels
  int64_t top = 0, left = 0, height = 0, width = 0;  // cutmix: this box is the partner's
  std::vector<int64_t> partner;
};
MixDraw draw_mix(const MixRule& rule, int64_t rows, int64_t height, int64_t width, uint64_t seed);

// Beta(alpha, alpha), by Joehnk's method.
double draw_beta(double alpha, uint64_t seed);

// Changes "input" and "raw" (mixup rounds there), and makes "batch.label_soft" f32 [R,K] of "batch.label", one-hot
// where nothing is mixed. Throws Error if a label lies outside 0 .. classes - 1.
void apply_mix(vh_map& all, const MixDraw& mix, int64_t classes);

}  // namespace vhost
