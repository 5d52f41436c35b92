// MaskFeat's loss (arXiv:2112.09133, section 3.1): the squared distance to the target, at masked tokens alone.
#pragma once
#include "vhost/cpp/plugin.hpp"

namespace maskfeat {

// pred and target [B,N,C] (float): the sum over masked tokens of the mean over C of the squared error, divided by the
// number of masked tokens. Of all tokens, `weight` [B,N] says which are masked; with coverage VH_MASKED all count.
class MaskedL2 {
 public:
  using Params = vh::NoParams;
  static constexpr uint32_t kCaps = VH_CAP_META | VH_CAP_DOUBLE | VH_CAP_GRAPH_SAFE;

  MaskedL2(const vh::Build&, const Params&) {}
  std::vector<vh::Spec> describe(const vh::Specs& in) const;
  void run(const vh::Step& step) const;
  uint32_t normaliser() const { return VH_DIVIDE_MASKED; }
};

}  // namespace maskfeat
