// Parts that keep the contract. The plugins beside this file derive from one of them and break it in one place.
#pragma once
#include <algorithm>
#include <cstdlib>

#include "vhost/cpp/vhost.hpp"

namespace good {

// input [B,C,T,H,W] -> features.0 [B,D]: one linear layer on the channels' means.
class Backbone {
 public:
  struct Params {
    int64_t width;
    double drop;
    template <class V>
    void describe(V& v) {
      v("width", width, 4, vh::range(1, 64), "channels of the features");
      v("drop", drop, 0.0, vh::range(0, 0.9), "dropout probability");
    }
  };
  Backbone(const vh::Build& build, const Params& params)
      : fc_(build.scope / "fc", build.in["input"].size('C'), params.width), drop_{params.drop} {}
  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    if (in["input"].size('C') != fc_.weight.size(1)) throw vh::argument_error("was made for other channels");
    return {{.key = "features.0", .semantic = "features", .axes = "BC", .dim = {vh::kBatch, fc_.weight.size(0)}}};
  }
  void run(const vh::Step& step) { step.out("features.0", features(step)); }

 protected:
  vh::Tensor features(const vh::Step& step) const {
    return drop_(fc_(step.in("input").mean({2, 3, 4})), step.train());  // B x D
  }
  vh::nn::Linear fc_;
  vh::nn::Dropout drop_;
};

// Logits and labels: cross-entropy, summed over samples.
class Loss {
 public:
  using Params = vh::NoParams;
  Loss(const vh::Build&, const Params&) {}
  std::vector<vh::Spec> describe(const vh::Specs& in) const {
    if (in["pred"].axes != "BK" || in["target"].axes != "B")
      throw vh::argument_error("accepts logits [B,K] and labels [B]");
    return {{.key = "loss.sum", .semantic = "loss"}};
  }
  uint32_t normaliser() const { return VH_DIVIDE_SAMPLES; }
  void run(const vh::Step& step) { step.out("loss.sum", (each(step) * step.in("sample_weight")).sum()); }

 protected:
  vh::Tensor each(const vh::Step& step) const {  // B
    return vh::ops::cross_entropy_loss(step.in("pred"), step.in("target"), {}, vh::kReduceNone);
  }
};

// Half of the cells in a row, from where the seed says.
class Mask {
 public:
  using Params = vh::NoParams;
  Mask(const vh::Build&, const Params&) {}
  std::pair<int64_t, int64_t> counts(const vh::Grid& grid) const { return {vh::cells(grid) / 2, vh::cells(grid) / 2}; }
  void draw(const vh::Grid& grid, uint64_t seed, uint8_t* mask) const {
    const int64_t n = vh::cells(grid), first = static_cast<int64_t>(seed % static_cast<uint64_t>(n));
    for (int64_t i = 0; i < n / 2; ++i) mask[(first + i) % n] = 1;
  }
};

// Images of noise.
class Dataset {
 public:
  struct Params {
    int64_t count;
    template <class V>
    void describe(V& v) {
      v("count", count, 64, vh::range(1, 1000), "number of images");
    }
  };
  Dataset(const vh::Build&, const Params& params) : count_(params.count) {}
  std::vector<vh::Spec> fields(uint32_t) const {
    return {{.key = "image", .semantic = "input", .axes = "VHWC", .dim = {1, 8, 8, 3}, .dtype = vh::DType::u8},
            {.key = "label", .semantic = "label", .dtype = vh::DType::i64, .classes = 3}};
  }
  int64_t length() const { return count_; }
  void read(const vh::Read& read) const {
    for (uint32_t k = 0; k < read.n(); ++k) {
      vh_random random = vh_random_from(read.train() ? read.seed(k) : static_cast<uint64_t>(read.index()));
      for (uint8_t& pixel : read.field<uint8_t>(k, 0)) pixel = static_cast<uint8_t>(vh_random_below(&random, 256));
      read.field<int64_t>(k, 1)[0] = read.index() % 3;
    }
  }

 protected:
  int64_t count_;
};

// A whole plugin by hand, for those that break its entry.
inline constexpr vh::Component kParts[] = {vh::backbone<Backbone>("subject", "A linear layer")};
inline int32_t init(const vh_host* host, vh_error* err) noexcept {
  return vh::detail::guard(err, [&] { vh::detail::connect(host); });
}
inline void deinit() noexcept {}
inline int32_t list(vh_component_sink* sink, vh_error* err) noexcept {
  return vh::detail::list_components(kParts, sink, err);
}
inline constexpr vh_plugin_1 kPlugin = {sizeof(vh_plugin_1), 0, list};
inline const void* get(const char* interface_id, const char* component) noexcept {
  if (!std::strcmp(interface_id, VH_PLUGIN_1)) return &kPlugin;
  return vh::detail::find_table(kParts, interface_id, component);
}

}  // namespace good

#define ENTRY(init, get)                                               \
  VH_ELF_NOTE;                                                         \
  extern "C" {                                                         \
  VH_EXPORT extern const vh_plugin_entry vh_plugin_entry_v1;           \
  const vh_plugin_entry vh_plugin_entry_v1 = {sizeof(vh_plugin_entry), \
                                              VH_PLUGIN_MAGIC,         \
                                              VH_ABI_MAJOR,            \
                                              VH_ABI_MINOR,            \
                                              VH_TARGET_MINOR,         \
                                              0,                       \
                                              init,                    \
                                              good::deinit,            \
                                              get};                    \
  }                                                                    \
  static_assert(true)
