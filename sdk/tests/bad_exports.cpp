// Libraries that vhost-describe must refuse: linked without vhost_add_plugin's version script and flags.
#include "vhost/cpp/plugin.hpp"

#ifdef BAD_UNIQUE
template <class T>
struct Shared {
  static int value() {
    static int count = 0;
    return ++count;
  }
};
template struct __attribute__((visibility("default"))) Shared<int>;
#endif
#ifdef BAD_MANY
extern "C" __attribute__((visibility("default"))) int surplus_symbol() {
  return 1;
}
#endif
#ifdef BAD_NONE
extern "C" __attribute__((visibility("hidden"), used)) int nothing() {
  return 1;
}
#else
struct Mask {
  using Params = vh::NoParams;
  Mask(const vh::Build&, const Params&) {}
  std::pair<int64_t, int64_t> counts(const vh::Grid&) const { return {0, 0}; }
  void draw(const vh::Grid&, uint64_t, uint8_t*) const {}
};
VH_PLUGIN(vh::mask<Mask>("none", "masks nothing"));
#endif
