// Multiplies by 1e9 before the layer and divides after it: too much for fp16.
#include "base.hpp"

namespace {

class Subject : public good::Backbone {
 public:
  using good::Backbone::Backbone;
  void run(const vh::Step& step) {
    const vh::Tensor x = step.in("input").mean({2, 3, 4});
#ifndef FIXED
    step.out("features.0", fc_(x * 1e9) / 1e9);
#else
    step.out("features.0", fc_(x));
#endif
  }
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
