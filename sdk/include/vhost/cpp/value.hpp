// What operators take besides tensors: element types, devices, scalars, lists of integers.
#pragma once
#include <concepts>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "../vhost.h"

namespace vh {

// `any`: the float type the host computes in (specs), or the operator's default (ops).
enum class DType : int32_t {
  any = VH_DTYPE_ANY,
  f32 = VH_F32,
  f64 = VH_F64,
  f16 = VH_F16,
  bf16 = VH_BF16,
  u8 = VH_U8,
  i8 = VH_I8,
  i16 = VH_I16,
  i32 = VH_I32,
  i64 = VH_I64,
  boolean = VH_BOOL
};

// The element type of a C++ type.
template <class T>
constexpr DType dtype_of() {
  if constexpr (std::same_as<T, bool>)
    return DType::boolean;
  else if constexpr (std::same_as<T, float>)
    return DType::f32;
  else if constexpr (std::same_as<T, double>)
    return DType::f64;
  else if constexpr (std::same_as<T, uint8_t>)
    return DType::u8;
  else if constexpr (std::same_as<T, int8_t>)
    return DType::i8;
  else if constexpr (std::same_as<T, int16_t>)
    return DType::i16;
  else if constexpr (std::same_as<T, int32_t>)
    return DType::i32;
  else if constexpr (std::same_as<T, int64_t>)
    return DType::i64;
  else
    return DType::any;
}

enum class MemoryFormat : int32_t {
  contiguous = VH_CONTIGUOUS,
  preserve = VH_PRESERVE,
  channels_last = VH_CHANNELS_LAST,
  channels_last_3d = VH_CHANNELS_LAST_3D
};

// Of the loss operators.
inline constexpr int64_t kReduceNone = 0, kReduceMean = 1, kReduceSum = 2;

struct Device {
  int32_t type = VH_CPU, index = 0;
  friend bool operator==(const Device&, const Device&) = default;
};

// A bool, an integer or a float.
class Scalar {
 public:
  Scalar(bool v) : value_{VH_BOOLEAN, 0, {}} { value_.v.i = v; }
  template <std::integral T>
  Scalar(T v) : value_{VH_INT, 0, {}} {
    value_.v.i = static_cast<int64_t>(v);
  }
  template <std::floating_point T>
  Scalar(T v) : value_{VH_DOUBLE, 0, {}} {
    value_.v.d = static_cast<double>(v);
  }
  vh_value value() const { return value_; }

 private:
  vh_value value_;
};

// A borrowed list of integers, for the length of a call: {2, 3}, a vector, a span, or one number where an operator
// takes it for all dimensions.
class Ints {
 public:
  Ints() = default;
  template <std::integral T>
  Ints(T one) : one_(static_cast<int64_t>(one)), is_one_(true) {}
  Ints(std::initializer_list<int64_t> list) : n_(list.size()) { data_ = std::data(list); }
  Ints(const std::vector<int64_t>& list) : data_(list.data()), n_(list.size()) {}
  Ints(std::span<const int64_t> list) : data_(list.data()), n_(list.size()) {}
  Ints(const int64_t* data, size_t n) : data_(data), n_(n) {}

  const int64_t* data() const { return is_one_ ? &one_ : data_; }
  size_t size() const { return is_one_ ? 1 : n_; }
  int64_t operator[](size_t i) const { return is_one_ ? one_ : data_[i]; }
  const int64_t* begin() const { return data(); }
  const int64_t* end() const { return data() + size(); }
  vh_value value() const {
    vh_value out{is_one_ ? VH_INT : VH_INTS, static_cast<uint32_t>(n_), {}};
    if (is_one_)
      out.v.i = one_;
    else
      out.v.is = data_;
    return out;
  }

 private:
  const int64_t* data_ = nullptr;
  size_t n_ = 0;
  int64_t one_ = 0;
  bool is_one_ = false;
};

// Ints or nothing, which is {}.
class MaybeInts : public Ints {
 public:
  MaybeInts() : none_(true) {}
  MaybeInts(std::nullopt_t) : none_(true) {}
  MaybeInts(const Ints& list) : Ints(list) {}
  template <std::integral T>
  MaybeInts(T one) : Ints(one) {}
  MaybeInts(std::initializer_list<int64_t> list) : Ints(std::data(list), list.size()) {}
  MaybeInts(const std::vector<int64_t>& list) : Ints(list) {}
  vh_value value() const { return none_ ? vh_value{VH_NONE, 0, {}} : Ints::value(); }

 private:
  bool none_ = false;
};

inline std::string name(DType dtype) {
  static constexpr const char* names[] = {"any", "f32", "f64", "f16", "bf16", "u8", "i8", "i16", "i32", "i64", "bool"};
  const auto i = static_cast<size_t>(dtype);
  return i < std::size(names) ? names[i] : "unknown type";
}

inline std::string text(Ints list) {  // "[2,3]"
  std::string out = "[";
  for (int64_t i : list) out += (out.size() > 1 ? "," : "") + std::to_string(i);
  return out + "]";
}

}  // namespace vh
