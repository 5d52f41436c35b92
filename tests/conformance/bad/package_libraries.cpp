// Needs libhelper.so, which any other plugin's libhelper.so may stand in for.
#include "base.hpp"

#ifndef FIXED
extern "C" int helper();
#else
static int helper() {
  return 0;
}
#endif

namespace {

class Subject : public good::Backbone {
 public:
  using good::Backbone::Backbone;
  int64_t help() const { return helper(); }
  vh::MaskModes mask_modes() const { return {VH_MASK_NONE, {help() + 1, 1, 1}}; }
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
