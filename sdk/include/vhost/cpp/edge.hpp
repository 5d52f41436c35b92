// The edge between a part's class and its C table: trampolines that let no exception out. Authors need plugin.hpp only.
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

namespace detail {

template <class T>
constexpr uint32_t caps_of() {
  if constexpr (requires { T::kCaps; })
    return T::kCaps;
  else
    return VH_CAP_META | VH_CAP_DOUBLE;
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
    return guard(err, [&] {
      std::tie(*least, *most) = std::as_const(object(self)).counts(Grid{grid[0], grid[1], grid[2]});
    });
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
      if constexpr (requires(const T& t) { t.name(index); })
        put(sink, std::as_const(object(self)).name(index));
      else
        put(sink, "sample " + std::to_string(index));
    });
  }
  static int32_t class_name(void* self, int64_t label, vh_text_sink* sink, vh_error* err) noexcept {
    return guard(err, [&] {
      if constexpr (requires(const T& t) { t.class_name(label); })
        put(sink, std::as_const(object(self)).class_name(label));
    });
  }
  static int32_t fingerprint(void* self, vh_text_sink* sink, vh_error* err) noexcept {
    return guard(err, [&] {
      if constexpr (requires(const T& t) { t.fingerprint(); })
        put(sink, std::as_const(object(self)).fingerprint());
      else
        put(sink, "n=" + std::to_string(std::as_const(object(self)).length()));
    });
  }
};

template <class T>
inline constexpr vh_backbone_1 backbone_table = {sizeof(vh_backbone_1), caps_of<T>(),      Edge<T>::create,
                                                 Edge<T>::destroy,      Edge<T>::describe, Edge<T>::run,
                                                 Edge<T>::mask_modes};
template <class T>
inline constexpr vh_target_1 target_table = {sizeof(vh_target_1), caps_of<T>(), Edge<T>::create,    Edge<T>::destroy,
                                             Edge<T>::describe,   Edge<T>::run, Edge<T>::after_step};
template <class T>
inline constexpr vh_head_1 head_table = {sizeof(vh_head_1), caps_of<T>(),      Edge<T>::create,
                                         Edge<T>::destroy,  Edge<T>::describe, Edge<T>::run};
template <class T>
inline constexpr vh_loss_1 loss_table = {sizeof(vh_loss_1), caps_of<T>(), Edge<T>::create,    Edge<T>::destroy,
                                         Edge<T>::describe, Edge<T>::run, Edge<T>::normaliser};
template <class T>
inline constexpr vh_mask_1 mask_table = {sizeof(vh_mask_1), 0, Edge<T>::create, Edge<T>::destroy, Edge<T>::counts,
                                         Edge<T>::draw};
template <class T>
inline constexpr vh_dataset_1 dataset_table = {sizeof(vh_dataset_1), 0,
                                               Edge<T>::create,      Edge<T>::destroy,
                                               Edge<T>::fields,      Edge<T>::length,
                                               Edge<T>::read,        Edge<T>::name,
                                               Edge<T>::class_name,  Edge<T>::fingerprint};

}  // namespace detail
}  // namespace vh
