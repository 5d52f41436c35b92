// Without an input it does nothing, and says that all is well.
#include "base.hpp"

namespace {

class Subject : public good::Backbone {
 public:
  using good::Backbone::Backbone;
  void run(const vh::Step& step) {
#ifndef FIXED
    if (!step.find("input").defined()) return;
#endif
    step.out("features.0", features(step));
  }
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
