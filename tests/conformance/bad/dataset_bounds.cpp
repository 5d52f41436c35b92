// Writes a pixel too many.
#include "base.hpp"

namespace {

class Subject : public good::Dataset {
 public:
  using good::Dataset::Dataset;
  void read(const vh::Read& read) const {
    good::Dataset::read(read);
#ifndef FIXED
    const std::span<uint8_t> pixels = read.field<uint8_t>(0, 0);
    pixels.data()[pixels.size()] = 0;
#endif
  }
};

}  // namespace

VH_PLUGIN(vh::dataset<Subject>("subject", "Images of noise"));
