// VH_PLUGIN: what a plugin offers, and the edge between its classes and the C
// tables. Nothing else of a plugin is exported.
//
//   VH_PLUGIN(vh::backbone<Vit>("vit", "Vision transformer"), vh::loss<Mse>("mse", "Mean squared error"))
//
// once, at namespace scope of one file. The classes:
//
//   backbone, target, head, loss
//     struct Params                              see params.hpp; vh::NoParams if there are none
//     T(const vh::Build&, const Params&)         makes all parameters; throws if it can't work with build.in
//     std::vector<vh::Spec> describe(const vh::Specs& in) const     pure; `in` may have other sizes than at
//     construction void run(const vh::Step&)                  reads step.in("..."), writes step.out("...", t) static
//     constexpr uint32_t kCaps            VH_CAP_*; default: VH_CAP_META | VH_CAP_DOUBLE
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
#include "edge.hpp"

namespace vh {

// One line of VH_PLUGIN.
struct Component {
  const char *interface_id, *name, *summary;
  const void* table;
  std::string (*schema)();
};

// What a class must have. The compiler's message names the concept and the member that is missing.
template <class T>
concept Described = requires(const Build& b, const typename T::Params& p) {
  T(b, p);
};
template <class T>
concept Part = Described<T> && requires(T& t, const T& c, const Specs& in, const Step& step) {
  { c.describe(in) } -> std::same_as<std::vector<Spec>>;
  t.run(step);
};
template <class T>
concept LossPart = Part<T> && requires(const T& c) {
  { c.normaliser() } -> std::same_as<uint32_t>;
};
template <class T>
concept MaskPart = Described<T> && requires(const T& c, const Grid& grid, uint64_t seed, uint8_t* mask) {
  { c.counts(grid) } -> std::same_as<std::pair<int64_t, int64_t>>;
  c.draw(grid, seed, mask);
};
template <class T>
concept DatasetPart = Described<T> && requires(const T& c, uint32_t pass, const Read& read) {
  { c.fields(pass) } -> std::same_as<std::vector<Spec>>;
  { c.length() } -> std::same_as<int64_t>;
  c.read(read);
};

namespace detail {

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

template <Part T>
constexpr Component backbone(const char* name, const char* summary) {
  return detail::component<T>(VH_BACKBONE_1, name, summary, &detail::backbone_table<T>);
}
template <Part T>
constexpr Component target(const char* name, const char* summary) {
  return detail::component<T>(VH_TARGET_1, name, summary, &detail::target_table<T>);
}
template <Part T>
constexpr Component head(const char* name, const char* summary) {
  return detail::component<T>(VH_HEAD_1, name, summary, &detail::head_table<T>);
}
template <LossPart T>
constexpr Component loss(const char* name, const char* summary) {
  return detail::component<T>(VH_LOSS_1, name, summary, &detail::loss_table<T>);
}
template <MaskPart T>
constexpr Component mask(const char* name, const char* summary) {
  return detail::component<T>(VH_MASK_1, name, summary, &detail::mask_table<T>);
}
template <DatasetPart T>
constexpr Component dataset(const char* name, const char* summary) {
  return detail::component<T>(VH_DATASET_1, name, summary, &detail::dataset_table<T>);
}

}  // namespace vh

#define VH_PLUGIN(...)                                                           \
  namespace {                                                                    \
  constexpr ::vh::Component vh_parts[] = {__VA_ARGS__};                          \
  int32_t vh_init(const vh_host* host, vh_error* err) noexcept {                 \
    return ::vh::detail::guard(err, [&] { ::vh::detail::connect(host); });       \
  }                                                                              \
  void vh_deinit() noexcept {}                                                   \
  int32_t vh_list(vh_component_sink* sink, vh_error* err) noexcept {             \
    return ::vh::detail::list_components(vh_parts, sink, err);                   \
  }                                                                              \
  constexpr vh_plugin_1 vh_plugin_table = {sizeof(vh_plugin_1), 0, vh_list};     \
  const void* vh_get(const char* interface_id, const char* component) noexcept { \
    if (!std::strcmp(interface_id, VH_PLUGIN_1)) return &vh_plugin_table;        \
    return ::vh::detail::find_table(vh_parts, interface_id, component);          \
  }                                                                              \
  }                                                                              \
  VH_PLUGIN_ENTRY(vh_init, vh_deinit, vh_get);                                   \
  static_assert(true)
