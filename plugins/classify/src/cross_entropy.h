// Cross entropy of logits with class indices or with class probabilities.
#pragma once
#include "vhost/cpp/plugin.hpp"

namespace classify {

// pred [B,K]; target i64 [B] ("batch.label") or float [B,K]
// ("batch.label_soft": mixed or smoothed). loss.sum over samples.
class CrossEntropy {
 public:
  struct Params {
    double label_smoothing;
    template <class V>
    void describe(V& v) {
      v("label_smoothing", label_smoothing, 0.0, vh::range(0, 1) | vh::below(1),
        "share of each target that is spread evenly over all classes (arXiv:1512.00567, section 7)");
    }
  };
  static constexpr uint32_t kCaps = VH_CAP_META | VH_CAP_DOUBLE | VH_CAP_GRAPH_SAFE;

  CrossEntropy(const vh::Build&, const Params& params) : label_smoothing_(params.label_smoothing) {}
  std::vector<vh::Spec> describe(const vh::Specs& in) const;
  void run(const vh::Step& step) const;
  uint32_t normaliser() const { return VH_DIVIDE_SAMPLES; }

 private:
  double label_smoothing_;
};

}  // namespace classify
