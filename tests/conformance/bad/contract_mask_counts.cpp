// Masks a cell more than it states.
#include "base.hpp"

namespace {

class Subject : public good::Mask {
 public:
  using good::Mask::Mask;
  void draw(const vh::Grid& grid, uint64_t seed, uint8_t* mask) const {
    good::Mask::draw(grid, seed, mask);
#ifndef FIXED
    *std::find(mask, mask + vh::cells(grid), 0) = 1;
#endif
  }
};

}  // namespace

VH_PLUGIN(vh::mask<Subject>("subject", "Half of the cells"));
