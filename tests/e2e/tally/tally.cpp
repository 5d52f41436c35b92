// One plugin in two versions (STRIDE 1 and 100): a loss that counts its steps in statics of the same names, and is
// another function in each. The statics are exported on purpose: without -fno-gnu-unique they would be one object for
// both versions, RTLD_LOCAL or not.
#include "vhost/cpp/vhost.hpp"

namespace tally {

struct VH_EXPORT Counter {
  static inline double steps = 0;
};

template <class T>
VH_EXPORT T& shared_steps() {
  static T value = 0;
  return value;
}

class Loss {
 public:
  using Params = vh::NoParams;
  Loss(const vh::Build&, const Params&) {}
  std::vector<vh::Spec> describe(const vh::Specs&) const { return {{.key = "loss.sum", .semantic = "loss"}}; }
  uint32_t normaliser() const { return VH_DIVIDE_SAMPLES; }

  void run(const vh::Step& step) {
    const vh::Tensor pred = step.in("pred");  // B x K
    const vh::Tensor each = STRIDE == 1 ? vh::ops::cross_entropy_loss(pred, step.in("target"), {}, vh::kReduceNone)
                                        : (pred * pred).mean(-1);  // B
    if (!step.meta()) count(each);
    step.out("loss.sum", (each * step.in("sample_weight")).sum());
  }

 private:
  static void count(const vh::Tensor& like) {
    Counter::steps += STRIDE;
    shared_steps<double>() += STRIDE;
    vh::log_scalar("tally." + std::to_string(STRIDE),
                   like.detach().sum() * 0 + Counter::steps + shared_steps<double>());
  }
};

}  // namespace tally

VH_PLUGIN(vh::loss<tally::Loss>("loss", "Counts its steps"));
