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
