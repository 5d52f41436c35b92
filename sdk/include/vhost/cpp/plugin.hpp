// VH_PLUGIN: what a plugin offers, and the edge between its classes and the C tables. Nothing else of a plugin is exported.
//
//   VH_PLUGIN(vh::backbone<Vit>("vit", "Vision transformer"), vh::loss<Mse>("mse", "Mean squared error"))
//
// once, at namespace scope of one file. The classes:
//
//   backbone, target, head, loss
//     struct Params                              see params.hpp; vh::NoParams if there are none
//     T(const vh::Build&, const Params&)         makes all parameters; throws if it can't work with build.in
//     std::vector<vh::Spec> describe(const vh::Specs& in) const     pure; `in` may have other sizes than at construction
//     void run(const vh::Step&)                  reads step.in("..."), writes step.out("...", t)
//     static constexpr uint32_t kCaps            VH_CAP_*; default: VH_CAP_META | VH_CAP_DOUBLE
//   backbone, optional: vh::MaskModes mask_modes() const            default: runs without a mask
//   target, optional:   void after_step(const vh::Step&)
//   loss:               uint32_t normaliser() const                 VH_DIVIDE_*
//   mask
//     Params, T(const vh::Build&, const Params&)
//     std::pair<int64_t, int64_t> counts(const vh::Grid&) const     fewest and most masked cells
//     void draw(const vh::Grid&, uint64_t seed, uint8_t* mask) const    [worker]
//   dataset
//     Params, T(const vh::Build&, const Params&)
//     std::vector<vh::Spec> fields(uint32_t pass) const             one sample, no B axis
//     int64_t length() const
//     void read(const vh::Read&) const                              [worker] many threads at once
//     optional: std::string name(int64_t index), class_name(int64_t label), fingerprint() const
#pragma once
#include <algorithm>
#include <tuple>

#include "params.hpp"
#include "part.hpp"

namespace vh {

struct MaskModes {
  uint32_t modes = VH_MASK_NONE;  // VH_MASK_*
  Grid unit = {};                 // input samples t,h,w that one mask cell covers
};

// Argument of a dataset's read(): n augmentations of one sample.
class Read {
 public:
  explicit Read(const vh_read& read) : r_(read) {}
  uint32_t pass() const { return r_.pass; }
  bool train() const { return r_.pass == VH_PASS_TRAIN; }
  int64_t index() const { return r_.index; }
  uint32_t n() const { return r_.n; }
  uint64_t seed(uint32_t k) const { return r_.seed[k]; }
  // Field i, in the order of fields(), of augmentation k: zeroed memory of the sample's size.
  template <class T>
  std::span<T> field(uint32_t k, uint32_t i) const {
    const vh_slot& slot = *r_.slot[k];
    if (i >= slot.n_fields) throw argument_error(str("field ", i, " of ", slot.n_fields));
    return {static_cast<T*>(slot.data[i]), static_cast<size_t>(slot.bytes[i]) / sizeof(T)};
  }
  // Where the actual sizes of field i's kVariable axes go.
  int64_t* extent(uint32_t k, uint32_t i) const { return r_.slot[k]->extent ? r_.slot[k]->extent[i] : nullptr; }

 private:
  const vh_read& r_;
};

// One line of VH_PLUGIN.
struct Component {
  const char *interface_id, *name, *summary;
  const void* table;
  std::string (*schema)();
};

namespace detail {

template <class T>
constexpr uint32_t caps_of() {
  if constexpr (requires { T::kCaps; }) return T::kCaps;
  else return VH_CAP_META | VH_CAP_DOUBLE;
}

// Trampolines from C to a class. None lets an exception out.
template <class T>
struct Edge {
  static T& object(void* self) { return *static_cast<T*>(self); }
  static int32_t create(const vh_build* b, void** self, vh_error* err) noexcept {
    return guard(err, [&] { *self = new T(Build(*b), parse_params<typename T::Params>(b->params)); });
  }
  static void destroy(void* self) noexcept { delete static_cast<T*>(self); }
  static int32_t describe(void* self, const vh_specs* in, vh_spec_sink* sink, vh_error* err) noexcept {
    return guard(err, [&] { emit(std::as_const(object(self)).describe(Specs(in)), sink); });
  }
  static int32_t run(void* self, const vh_step* step, vh_error* err) noexcept {
    return guard(err, [&] { object(self).run(Step(*step)); });
  }
  static int32_t after_step(void* self, const vh_step* step, vh_error* err) noexcept {
    return guard(err, [&] {
      if constexpr (requires(T & t, const Step& s) { t.after_step(s); }) object(self).after_step(Step(*step));
    });
  }
  static int32_t mask_modes(void* self, uint32_t* modes, int64_t unit[3], vh_error* err) noexcept {
    return guard(err, [&] {
      MaskModes m;
      if constexpr (requires(const T& t) { t.mask_modes(); }) m = object(self).mask_modes();
      *modes = m.modes;
      std::copy_n(m.unit.begin(), 3, unit);
    });
  }
  static int32_t normaliser(void* self, uint32_t* kind, vh_error* err) noexcept {
    return guard(err, [&] { *kind = std::as_const(object(self)).normaliser(); });
  }
  static int32_t counts(void* self, const int64_t grid[3], int64_t* least, int64_t* most, vh_error* err) noexcept {
    return guard(err, [&] { std::tie(*least, *most) = std::as_const(object(self)).counts(Grid{grid[0], grid[1], grid[2]}); });
  }
  static int32_t draw(void* self, const int64_t grid[3], uint64_t seed, uint8_t* mask, vh_error* err) noexcept {
    return guard(err, [&] { std::as_const(object(self)).draw(Grid{grid[0], grid[1], grid[2]}, seed, mask); });
  }
  static int32_t fields(void* self, uint32_t pass, vh_spec_sink* sink, vh_error* err) noexcept {
    return guard(err, [&] { emit(std::as_const(object(self)).fields(pass), sink); });
  }
  static int32_t length(void* self, int64_t* n, vh_error* err) noexcept {
    return guard(err, [&] { *n = std::as_const(object(self)).length(); });
  }
  static int32_t read(void* self, const vh_read* read, vh_error* err) noexcept {
    return guard(err, [&] { std::as_const(object(self)).read(Read(*read)); });
  }
  static void put(vh_text_sink* sink, const std::string& text) { sink->add(sink, text.data(), text.size()); }
  static int32_t name(void* self, int64_t index, vh_text_sink* sink, vh_error* err) noexcept {
    return guard(err, [&] {
      if constexpr (requires(const T& t) { t.name(index); }) put(sink, std::as_const(object(self)).name(index));
      else put(sink, "sample " + std::to_string(index));
    });
  }
  static int32_t class_name(void* self, int64_t label, vh_text_sink* sink, vh_error* err) noexcept {
    return guard(err, [&] {
      if constexpr (requires(const T& t) { t.class_name(label); }) put(sink, std::as_const(object(self)).class_name(label));
    });
  }
  static int32_t fingerprint(void* self, vh_text_sink* sink, vh_error* err) noexcept {
    return guard(err, [&] {
      if constexpr (requires(const T& t) { t.fingerprint(); }) put(sink, std::as_const(object(self)).fingerprint());
      else put(sink, "n=" + std::to_string(std::as_const(object(self)).length()));
    });
  }
};

template <class T> inline constexpr vh_backbone_1 backbone_table = {
    sizeof(vh_backbone_1), caps_of<T>(), Edge<T>::create, Edge<T>::destroy, Edge<T>::describe, Edge<T>::run,
    Edge<T>::mask_modes};
template <class T> inline constexpr vh_target_1 target_table = {
    sizeof(vh_target_1), caps_of<T>(), Edge<T>::create, Edge<T>::destroy, Edge<T>::describe, Edge<T>::run,
    Edge<T>::after_step};
template <class T> inline constexpr vh_head_1 head_table = {
    sizeof(vh_head_1), caps_of<T>(), Edge<T>::create, Edge<T>::destroy, Edge<T>::describe, Edge<T>::run};
template <class T> inline constexpr vh_loss_1 loss_table = {
    sizeof(vh_loss_1), caps_of<T>(), Edge<T>::create, Edge<T>::destroy, Edge<T>::describe, Edge<T>::run,
    Edge<T>::normaliser};
template <class T> inline constexpr vh_mask_1 mask_table = {
    sizeof(vh_mask_1), 0, Edge<T>::create, Edge<T>::destroy, Edge<T>::counts, Edge<T>::draw};
template <class T> inline constexpr vh_dataset_1 dataset_table = {
    sizeof(vh_dataset_1), 0, Edge<T>::create, Edge<T>::destroy, Edge<T>::fields, Edge<T>::length, Edge<T>::read,
    Edge<T>::name, Edge<T>::class_name, Edge<T>::fingerprint};

template <class T>
constexpr Component component(const char* id, const char* name, const char* summary, const void* table) {
  return {id, name, summary, table, &schema_text<typename T::Params>};
}

inline int32_t list_components(std::span<const Component> parts, vh_component_sink* sink, vh_error* err) noexcept {
  return guard(err, [&] {
    for (const Component& part : parts) {
      const std::string schema = part.schema();
      const vh_component c{sizeof(vh_component), 0, part.interface_id, part.name, part.summary, schema.c_str()};
      if (const int32_t status = sink->add(sink, &c)) throw Error(str("component ", part.name, " was refused"), status);
    }
  });
}

inline const void* find_table(std::span<const Component> parts, const char* id, const char* name) noexcept {
  for (const Component& part : parts)
    if (!std::strcmp(part.interface_id, id) && !std::strcmp(part.name, name)) return part.table;
  return nullptr;
}

}  // namespace detail

template <class T> constexpr Component backbone(const char* name, const char* summary) {
  return detail::component<T>(VH_BACKBONE_1, name, summary, &detail::backbone_table<T>);
}
template <class T> constexpr Component target(const char* name, const char* summary) {
  return detail::component<T>(VH_TARGET_1, name, summary, &detail::target_table<T>);
}
template <class T> constexpr Component head(const char* name, const char* summary) {
  return detail::component<T>(VH_HEAD_1, name, summary, &detail::head_table<T>);
}
template <class T> constexpr Component loss(const char* name, const char* summary) {
  return detail::component<T>(VH_LOSS_1, name, summary, &detail::loss_table<T>);
}
template <class T> constexpr Component mask(const char* name, const char* summary) {
  return detail::component<T>(VH_MASK_1, name, summary, &detail::mask_table<T>);
}
template <class T> constexpr Component dataset(const char* name, const char* summary) {
  return detail::component<T>(VH_DATASET_1, name, summary, &detail::dataset_table<T>);
}

}  // namespace vh

#define VH_PLUGIN(...)                                                                                          \
  namespace {                                                                                                   \
  constexpr ::vh::Component vh_parts[] = {__VA_ARGS__};                                                         \
  int32_t vh_init(const vh_host* host, vh_error* err) noexcept {                                                \
    return ::vh::detail::guard(err, [&] { ::vh::detail::connect(host); });                                      \
  }                                                                                                             \
  void vh_deinit() noexcept {}                                                                                  \
  int32_t vh_list(vh_component_sink* sink, vh_error* err) noexcept {                                            \
    return ::vh::detail::list_components(vh_parts, sink, err);                                                  \
  }                                                                                                             \
  constexpr vh_plugin_1 vh_plugin_table = {sizeof(vh_plugin_1), 0, vh_list};                                    \
  const void* vh_get(const char* interface_id, const char* component) noexcept {                                \
    if (!std::strcmp(interface_id, VH_PLUGIN_1)) return &vh_plugin_table;                                       \
    return ::vh::detail::find_table(vh_parts, interface_id, component);                                         \
  }                                                                                                             \
  }                                                                                                             \
  VH_ELF_NOTE;                                                                                                  \
  extern "C" {                                                                                                  \
  VH_EXPORT extern const vh_plugin_entry vh_plugin_entry_v1;                                                    \
  const vh_plugin_entry vh_plugin_entry_v1 = {sizeof(vh_plugin_entry), VH_PLUGIN_MAGIC, VH_ABI_MAJOR,           \
                                              VH_ABI_MINOR, VH_TARGET_MINOR, 0, vh_init, vh_deinit, vh_get};    \
  }                                                                                                             \
  static_assert(true)
