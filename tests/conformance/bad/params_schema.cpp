// A parameter that nothing describes.
#include "base.hpp"

namespace {

class Subject : public good::Backbone {
 public:
  struct Params : good::Backbone::Params {
    double scale;
    template <class V>
    void describe(V& v) {
      good::Backbone::Params::describe(v);
#ifndef FIXED
      v("scale", scale, 1.0, vh::range(0.5, 2), "");
#else
      v("scale", scale, 1.0, vh::range(0.5, 2), "not used");
#endif
    }
  };
  Subject(const vh::Build& build, const Params& params) : good::Backbone(build, params) {}
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
