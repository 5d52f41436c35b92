// One of its samples can't be read.
#include "base.hpp"

namespace {

class Subject : public good::Dataset {
 public:
  using good::Dataset::Dataset;
  void read(const vh::Read& read) const {
#ifndef FIXED
    if (read.index() == 60) throw vh::data_error("sample 60", "is missing");
#endif
    good::Dataset::read(read);
  }
};

}  // namespace

VH_PLUGIN(vh::dataset<Subject>("subject", "Images of noise"));
