// Claims to run without data, and reads some.
#include "base.hpp"

namespace {

class Subject : public good::Backbone {
 public:
  using good::Backbone::Backbone;
  void run(const vh::Step& step) {
    const vh::Tensor x = features(step);
#ifndef FIXED
    if (x.numel() > 0 && x.sum().item() > 1e6) throw vh::argument_error("is too large");
#endif
    step.out("features.0", x);
  }
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
