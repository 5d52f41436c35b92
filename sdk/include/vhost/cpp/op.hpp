// One operator overload, found once and called with typed arguments. ops.hpp is generated on top of it.
#pragma once
#include "handle.hpp"

namespace vh {
namespace detail {

struct LiveDefault {};
struct OptionalTensor {
  vh_tensor* handle;
};

inline LiveDefault live_default() {
  return {};
}
inline OptionalTensor optional(const Tensor& t) {
  return {t.get()};
}

inline vh_value tagged(uint32_t tag, int64_t i) {
  vh_value out{tag, 0, {}};
  out.v.i = i;
  return out;
}
inline vh_value to_value(const Tensor& t) {
  vh_value out{VH_TENSOR, 0, {}};
  out.v.t = t.get();
  return out;
}
inline vh_value to_value(OptionalTensor t) {
  vh_value out{t.handle ? VH_TENSOR : VH_NONE, 0, {}};
  out.v.t = t.handle;
  return out;
}
inline vh_value to_value(const Tensors& list) {
  vh_value out{VH_TENSORS, static_cast<uint32_t>(list.size()), {}};
  out.v.ts = list.handles();
  return out;
}
inline vh_value to_value(const char* s) {
  vh_value out{s ? VH_STRING : VH_NONE, 0, {}};
  out.v.s = s;
  return out;
}
inline vh_value to_value(vh_generator* g) {
  vh_value out{g ? VH_GENERATOR : VH_NONE, 0, {}};
  out.v.p = g;
  return out;
}
inline vh_value to_value(double d) {
  vh_value out{VH_DOUBLE, 0, {}};
  out.v.d = d;
  return out;
}
inline vh_value to_value(bool b) {
  return tagged(VH_BOOLEAN, b);
}
inline vh_value to_value(int64_t i) {
  return tagged(VH_INT, i);
}
inline vh_value to_value(const Scalar& s) {
  return s.value();
}
inline vh_value to_value(const Ints& list) {
  return list.value();
}
inline vh_value to_value(const MaybeInts& list) {
  return list.value();
}
inline vh_value to_value(LiveDefault) {
  return tagged(VH_DEFAULT, 0);
}
inline vh_value to_value(MemoryFormat format) {
  return tagged(VH_INT, static_cast<int64_t>(format));
}
inline vh_value to_value(Device device) {
  return tagged(VH_DEVICE, device.type | (int64_t{device.index} << 8));
}
inline vh_value to_value(DType dtype) {
  return dtype == DType::any ? tagged(VH_DEFAULT, 0) : tagged(VH_DTYPE, static_cast<int64_t>(dtype));
}
template <class T>
vh_value to_value(const std::optional<T>& value) {
  return value ? to_value(*value) : tagged(VH_NONE, 0);
}

inline std::vector<Tensor> take_list(void* handle) {
  const vh_ops_1& ops = *services.ops;
  auto* list = static_cast<vh_list*>(handle);
  std::vector<Tensor> out(ops.list_size(list));
  for (uint32_t i = 0; i < out.size(); ++i) out[i] = Tensor::take(ops.list_get(list, i));
  ops.list_release(list);
  return out;
}

template <class T>
struct Result;
template <>
struct Result<Tensor> {
  static constexpr uint32_t count = 1;
  static Tensor take(const vh_value* v) { return Tensor::take(v->v.t); }
};
template <>
struct Result<std::vector<Tensor>> {
  static constexpr uint32_t count = 1;
  static std::vector<Tensor> take(const vh_value* v) { return take_list(v->v.p); }
};
template <size_t N>
struct Result<std::array<Tensor, N>> {
  static constexpr uint32_t count = N;
  static std::array<Tensor, N> take(const vh_value* v) {
    std::array<Tensor, N> out;
    for (size_t i = 0; i < N; ++i) out[i] = Tensor::take(v[i].v.t);
    return out;
  }
};

}  // namespace detail

namespace ops {

using detail::live_default;
using detail::optional;

class Op {
 public:
  // schema: VH_SCHEMA_* of op_schemas.h. Throws if the host's PyTorch can't take such calls.
  explicit Op(const char* schema) {
    vh_error err = detail::new_error();
    op_ = need(detail::services.ops, VH_OPS_1).find(schema, &err);
    if (!op_) detail::check(err.code ? err.code : VH_ERR_UNSUPPORTED, err, schema);
  }
  template <class R, class... A>
  R call(const A&... arguments) const {
    const vh_value args[] = {detail::to_value(arguments)...};
    vh_value results[detail::Result<R>::count] = {};
    vh_error err;  // only its head is cleared: 1.5 KiB per call would cost more than the call's own checks
    err.struct_size = sizeof err;
    err.code = 0;
    err.message[0] = err.where[0] = err.json_pointer[0] = 0;
    detail::check(detail::services.ops->call(op_, args, sizeof...(A), results, detail::Result<R>::count, &err), err,
                  "an operator");
    return detail::Result<R>::take(results);
  }

 private:
  const vh_op* op_ = nullptr;
};

}  // namespace ops
}  // namespace vh
