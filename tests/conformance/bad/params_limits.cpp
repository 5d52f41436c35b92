// Refuses a value that its limits allow, and doesn't say which parameter it is.
#include "base.hpp"

namespace {

class Subject : public good::Backbone {
 public:
  Subject(const vh::Build& build, const Params& params) : good::Backbone(build, params) {
#ifndef FIXED
    if (params.width > 60) throw vh::Error("is too wide");
#else
    if (params.width > 60) throw vh::param_error("/width", "is too wide");
#endif
  }
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
