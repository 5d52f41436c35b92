// Tells a width below 0 of its files.
#include "base.hpp"

namespace {

class Subject : public good::Dataset {
 public:
  using good::Dataset::Dataset;
  std::vector<vh::Spec> fields(uint32_t pass) const {
    std::vector<vh::Spec> all = good::Dataset::fields(pass);
    all.push_back({.key = "file.width", .semantic = "file", .dtype = vh::DType::f64});
    return all;
  }
  void read(const vh::Read& read) const {
    good::Dataset::read(read);
#ifdef FIXED
    const double width = 16;
#else
    const double width = -1;
#endif
    for (uint32_t k = 0; k < read.n(); ++k)
      read.field<double>(k, static_cast<uint32_t>(good::Dataset::fields(read.pass()).size()))[0] = width;
  }
};

}  // namespace

VH_PLUGIN(vh::dataset<Subject>("subject", "Images of noise"));
