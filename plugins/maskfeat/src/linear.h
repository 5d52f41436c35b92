// MaskFeat's head (arXiv:2112.09133, section 3.1): one linear layer on every token of the encoder.
#pragma once
#include "vhost/cpp/nn.hpp"
#include "vhost/cpp/plugin.hpp"

namespace maskfeat {

// features.0 [B,P+N,C] of all tokens, or [B,C,T,H,W] -> pred.NAME [B,N,values] for the target target.NAME, whose tokens
// lie on the same grid. Class tokens and other prefix tokens are dropped.
class Linear {
 public:
  struct Params {
    double init_std;
    template <class V>
    void describe(V& v) {
      v("init_std", init_std, 0.02, vh::range(0, 10) | vh::above(0), "standard deviation of the initial weights");
    }
  };
  static constexpr uint32_t kCaps = VH_CAP_META | VH_CAP_DOUBLE | VH_CAP_GRAPH_SAFE;

  Linear(const vh::Build& build, const Params& params);
  std::vector<vh::Spec> describe(const vh::Specs& in) const;
  void run(const vh::Step& step) const;

 private:
  std::string key_;
  int32_t prefix_;
  int64_t values_;
  vh::nn::Linear fc_;
};

}  // namespace maskfeat
