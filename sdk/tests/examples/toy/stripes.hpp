// Dataset: stripes that drift left, right, up or down; no single frame tells which.
#pragma once
#include "vhost/cpp/plugin.hpp"

namespace toy {

class Stripes {
 public:
  struct Params {
    int64_t count, frames, size, period, channels;
    double noise;
    std::vector<int64_t> broken, flat;
    template <class V>
    void describe(V& v) {
      v("count", count, 64, vh::at_least(1), "number of clips");
      v("frames", frames, 4, vh::range(1, 64), "frames of a clip");
      v("size", size, 16, vh::range(4, 512), "width and height in pixels");
      v("period", period, 8, vh::at_least(3), "pixels from stripe to stripe");
      v("channels", channels, 3, vh::range(1, 16), "of a pixel, all equal");
      v("noise", noise, 0.1, vh::range(0, 1), "standard deviation of the noise; 1 = full brightness");
      v("broken", broken, {}, "clips that can't be read, for tests");
      v("flat", flat, {}, "clips without contrast, for tests");
    }
  };
  Stripes(const vh::Build&, const Params& params) : p_(params) {}
  std::vector<vh::Spec> fields(uint32_t) const {
    const std::vector<int64_t> dim = {1, p_.frames, p_.size, p_.size, p_.channels};
    return {{.key = "video", .semantic = "input", .axes = "VTHWC", .dim = dim, .dtype = vh::DType::u8},
            {.key = "label", .semantic = "label", .dtype = vh::DType::i64, .classes = 4}};
  }
  int64_t length() const { return p_.count; }

  void read(const vh::Read& read) const {
    const int64_t index = read.index(), direction = index % 4, sign = direction % 2 ? 1 : -1;
    if (std::count(p_.broken.begin(), p_.broken.end(), index)) throw vh::data_error(name(index), "broken on purpose");
    const double contrast = std::count(p_.flat.begin(), p_.flat.end(), index) ? 0 : 1;
    for (uint32_t k = 0; k < read.n(); ++k) {
      vh_random random = vh_random_from(read.train() ? read.seed(k) : vh_hash2(1, static_cast<uint64_t>(index)));
      const int64_t phase = p_.period * p_.frames + vh_random_below(&random, p_.period);
      uint8_t* pixel = read.field<uint8_t>(k, 0).data();
      read.field<int64_t>(k, 1)[0] = direction;
      for (int64_t t = 0; t < p_.frames; ++t)
        for (int64_t y = 0; y < p_.size; ++y)
          for (int64_t x = 0; x < p_.size; ++x, pixel += p_.channels) {
            const int64_t place = (direction < 2 ? x : y) + phase + sign * t;
            const double noise = p_.noise > 0 ? p_.noise * vh_random_normal(&random) : 0;
            const double value = contrast * ((2 * (place % p_.period) < p_.period) + noise);
            std::fill_n(pixel, p_.channels, static_cast<uint8_t>(255 * std::clamp(value, 0.0, 1.0)));
          }
    }
  }
  std::string name(int64_t index) const { return "stripes/" + std::to_string(index); }
  std::string class_name(int64_t label) const { return std::vector{"left", "right", "up", "down"}.at(label); }

 private:
  Params p_;
};

}  // namespace toy
