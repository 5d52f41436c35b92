// Its gradient misses a factor.
#include "base.hpp"

namespace {

class Subject : public good::Backbone {
 public:
  using good::Backbone::Backbone;
  void run(const vh::Step& step) {
    const vh::Tensor x = features(step);
#ifndef FIXED
    step.out("features.0", x * x.detach());
#else
    step.out("features.0", x * x);
#endif
  }
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
