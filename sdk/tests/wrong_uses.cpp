#include "vhost/cpp/plugin.hpp"

struct Loss {
#ifndef WRONG_PARAMS_MISSING
  struct Params {
    int64_t n;
    template <class V>
    void describe(V& v) {
#ifdef WRONG_DEFAULT_TYPE
      v("n", n, "three", "a number");
#else
      v("n", n, 3, "a number");
#endif
    }
  };
#endif
  template <class P>
  Loss(const vh::Build&, const P&) {}
  std::vector<vh::Spec> describe(const vh::Specs&) const {
    return {};
  }
#ifdef WRONG_NORMALISER
  int normaliser() const {
    return 0;
  }
#else
  uint32_t normaliser() const {
    return 0;
  }
#endif
#ifndef WRONG_NO_RUN
  void run(const vh::Step&) {}
#endif
};

struct Data {
  using Params = vh::NoParams;
  Data(const vh::Build&, const Params&) {}
  std::vector<vh::Spec> fields(uint32_t) const { return {}; }
  int64_t length() const { return 0; }
#ifdef WRONG_CONST_READ
  void read(const vh::Read&) {}  // many threads read one object
#else
  void read(const vh::Read&) const {}
#endif
};

VH_PLUGIN(vh::loss<Loss>("loss", "a loss"), vh::dataset<Data>("data", "a dataset"));
