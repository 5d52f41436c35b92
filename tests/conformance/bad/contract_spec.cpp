// States one channel more than it makes.
#include "base.hpp"

namespace {

class Subject : public good::Backbone {
 public:
  using good::Backbone::Backbone;
#ifndef FIXED
  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    std::vector<vh::Spec> specs = good::Backbone::describe(in);
    ++specs[0].dim[1];
    return specs;
  }
#endif
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
