// Is random in eval mode too.
#include "base.hpp"

namespace {

class Subject : public good::Backbone {
 public:
  using good::Backbone::Backbone;
  void run(const vh::Step& step) {
    vh::Tensor x = features(step);
#ifndef FIXED
    if (step.samples() > 0) x = x * (1 + 1e-3 * static_cast<double>(step.sample_seed(0) % 1000));
#endif
    step.out("features.0", x);
  }
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
