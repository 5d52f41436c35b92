// In eval mode a row depends on the others: the batch's mean is subtracted.
#include "base.hpp"

namespace {

class Subject : public good::Backbone {
 public:
  using good::Backbone::Backbone;
  void run(const vh::Step& step) {
    vh::Tensor x = features(step);
#ifndef FIXED
    x = x - x.mean(0, /*keepdim=*/true) * 0.5;
#endif
    step.out("features.0", x);
  }
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
