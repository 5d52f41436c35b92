// A sample depends on what was read before it.
#include <atomic>

#include "base.hpp"

namespace {

class Subject : public good::Dataset {
 public:
  using good::Dataset::Dataset;
  void read(const vh::Read& read) const {
    good::Dataset::read(read);
#ifndef FIXED
    read.field<uint8_t>(0, 0)[0] = static_cast<uint8_t>(++reads_);
#endif
  }

 private:
  mutable std::atomic<int> reads_{0};
};

}  // namespace

VH_PLUGIN(vh::dataset<Subject>("subject", "Images of noise"));
