// Counts padding rows.
#include "base.hpp"

namespace {

class Subject : public good::Loss {
 public:
  using good::Loss::Loss;
  void run(const vh::Step& step) {
    vh::Tensor loss = each(step);
#ifdef FIXED
    loss = loss * step.in("sample_weight");
#endif
    step.out("loss.sum", loss.sum());
  }
};

}  // namespace

VH_PLUGIN(vh::loss<Subject>("subject", "Cross-entropy"));
