// Takes any file for an image.
#include <fstream>

#include "base.hpp"

namespace {

class Subject : public good::Dataset {
 public:
  struct Params : good::Dataset::Params {
    std::vector<std::string> files;
    template <class V>
    void describe(V& v) {
      good::Dataset::Params::describe(v);
      v("files", files, {}, "images to read instead");
    }
  };
  Subject(const vh::Build& build, const Params& params) : good::Dataset(build, params), files_(params.files) {
    if (!files_.empty()) count_ = static_cast<int64_t>(files_.size());
  }
  void read(const vh::Read& read) const {
    good::Dataset::read(read);
    if (files_.empty()) return;
    const std::string& path = files_.at(static_cast<size_t>(read.index()));
    std::string begin(2, ' ');
    std::ifstream(path).read(begin.data(), 2);
#ifdef FIXED
    if (begin != "P6") throw vh::data_error(path, "is no PPM image");
#endif
  }

 private:
  std::vector<std::string> files_;
};

}  // namespace

VH_PLUGIN(vh::dataset<Subject>("subject", "Images of noise"));
