// Divides by the number of rows.
#include "base.hpp"

namespace {

class Subject : public good::Backbone {
 public:
  using good::Backbone::Backbone;
  void run(const vh::Step& step) {
    int64_t rows = step.in("input").size(0);
#ifdef FIXED
    rows = std::max<int64_t>(1, rows);
#endif
    const volatile int64_t share = 64 / rows;
    step.out("features.0", features(step) * (share > 0 ? 1.0 : 0.0));
  }
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
