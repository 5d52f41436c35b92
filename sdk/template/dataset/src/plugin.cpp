// Clips of stripes that drift to the left or to the right, made from the sample's seed. A dataset states the fields of
// one sample and writes them where the host wants them, from many threads at once. No single frame tells the class.
#include "vhost/cpp/plugin.hpp"

namespace {

class Drift {
 public:
  struct Params {  // the manifest's keys: default, range and what `vhost plugin inspect` says about them
    int64_t count, frames, size;
    template <class V>
    void describe(V& v) {
      v("count", count, 64, vh::range(1, 1e9), "number of clips");
      v("frames", frames, 8, vh::range(2, 64), "frames of a clip");
      v("size", size, 32, vh::range(8, 512), "width and height in pixels");
    }
  };
  // Lists and caches are opened here: build.cache_dir, vh::progress. Throw vh::param_error("/list", ...) if one is
  // missing.
  Drift(const vh::Build&, const Params& params) : p_(params) {}

  // One sample, no batch axis. V = views: crops or clips of one video at evaluation.
  std::vector<vh::Spec> fields(uint32_t /*pass: VH_PASS_TRAIN, _EVAL, _PREDICT*/) const {
    const std::vector<int64_t> dim = {1, p_.frames, p_.size, p_.size, 3};
    return {{.key = "video", .semantic = "input", .axes = "VTHWC", .dim = dim, .dtype = vh::DType::u8},
            {.key = "label", .semantic = "label", .dtype = vh::DType::i64, .classes = 2}};
  }
  int64_t length() const { return p_.count; }

  // [worker] n augmentations of one sample, each a function of its seed alone. A file that can't be read:
  // throw vh::data_error(path, "what is wrong"); the host then takes another sample, and says so.
  void read(const vh::Read& read) const {
    const int64_t label = read.index() % 2, step = label ? 1 : -1;
    for (uint32_t k = 0; k < read.n(); ++k) {
      vh_random random = vh_random_from(vh_hash2(static_cast<uint64_t>(read.index()), read.train() ? read.seed(k) : 0));
      const int64_t phase = 8 * p_.frames + vh_random_below(&random, 8);
      uint8_t* pixel = read.field<uint8_t>(k, 0).data();
      read.field<int64_t>(k, 1)[0] = label;
      for (int64_t t = 0; t < p_.frames; ++t)
        for (int64_t y = 0; y < p_.size; ++y)
          for (int64_t x = 0; x < p_.size; ++x, pixel += 3) {
            const bool bright = (x - step * t + phase) % 8 < 4;
            pixel[0] = pixel[1] = pixel[2] = static_cast<uint8_t>((bright ? 191 : 0) + vh_random_below(&random, 64));
          }
    }
  }
  std::string name(int64_t index) const { return "drift/" + std::to_string(index); }  // errors name the sample so
  std::string class_name(int64_t label) const { return label ? "right" : "left"; }
  std::string fingerprint() const { return "n=" + std::to_string(p_.count); }  // goes into every result

 private:
  Params p_;
};

}  // namespace

VH_PLUGIN(vh::dataset<Drift>("drift", "Stripes that drift to the left or to the right"));
