// In train mode the result depends on how often it was called.
#include "base.hpp"

namespace {

class Subject : public good::Backbone {
 public:
  using good::Backbone::Backbone;
  void run(const vh::Step& step) {
    vh::Tensor x = features(step);
#ifndef FIXED
    static int calls = 0;
    if (step.train()) x = x * (1 + 1e-3 * ++calls);
#endif
    step.out("features.0", x);
  }
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
