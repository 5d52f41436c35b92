// Takes its input for contiguous.
#include "base.hpp"

namespace {

class Subject : public good::Backbone {
 public:
  using good::Backbone::Backbone;
  void run(const vh::Step& step) {
    const vh::Tensor x = step.in("input");
#ifndef FIXED
    const vh::Tensor flat = x.view({x.size(0), x.size(1), x.size(2) * x.size(3) * x.size(4)});
#else
    const vh::Tensor flat = x.reshape({x.size(0), x.size(1), x.size(2) * x.size(3) * x.size(4)});
#endif
    step.out("features.0", fc_(flat.mean(2)));
  }
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
