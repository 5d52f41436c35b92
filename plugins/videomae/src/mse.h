// Mean squared error per token.
#pragma once
#include "vhost/cpp/plugin.hpp"

namespace videomae {

// pred and target [B,N,C] (float). With coverage VH_MASKED: the sum over masked tokens, divided by their number. Of all
// tokens: the sum over samples of the mean over tokens, divided by the number of samples; with a weight [B,N], which is
// the mask unless the target makes one of its own, the weighted sum over
// tokens, divided by the number of masked tokens.
class Mse {
 public:
  using Params = vh::NoParams;
  static constexpr uint32_t kCaps = VH_CAP_META | VH_CAP_DOUBLE | VH_CAP_GRAPH_SAFE;

  Mse(const vh::Build& build, const Params&);
  std::vector<vh::Spec> describe(const vh::Specs& in) const;
  void run(const vh::Step& step) const;
  uint32_t normaliser() const { return per_masked_token_ ? VH_DIVIDE_MASKED : VH_DIVIDE_SAMPLES; }

 private:
  bool per_masked_token_;
};

}  // namespace videomae
