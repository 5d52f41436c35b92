// Its own default doesn't suit it.
#include "base.hpp"

namespace {

class Subject : public good::Backbone {
 public:
  Subject(const vh::Build& build, const Params& params) : good::Backbone(build, params) {
#ifndef FIXED
    if (params.width % 4 == 0) throw vh::param_error("/width", "must be odd");
#endif
  }
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
