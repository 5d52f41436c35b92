// The gateway's tables as a plugin gets them, and short names for values.
#pragma once
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "gateway/internal.h"

namespace tables {

template <class Table>
const Table& table(const char* id) {
  vhost::register_gateway();
  return *static_cast<const Table*>(vhost::host_table()->get_service(id));
}
inline const vh_ops_1& ops() {
  return table<vh_ops_1>(VH_OPS_1);
}
inline const vh_tensor_1& tensors() {
  return table<vh_tensor_1>(VH_TENSOR_1);
}
inline const vh_map_1& maps() {
  return table<vh_map_1>(VH_MAP_1);
}
inline const vh_params_1& params() {
  return table<vh_params_1>(VH_PARAMS_1);
}
inline const vh_autograd_1& autograd() {
  return table<vh_autograd_1>(VH_AUTOGRAD_1);
}
inline const vh_rng_1& rng() {
  return table<vh_rng_1>(VH_RNG_1);
}

inline vh_value value(const at::Tensor& t) {
  vh_value v{VH_TENSOR, 0, {}};
  v.v.t = vhost::lend(t);
  return v;
}
inline vh_value value(int64_t i) {
  vh_value v{VH_INT, 0, {}};
  v.v.i = i;
  return v;
}
inline vh_value value(double d) {
  vh_value v{VH_DOUBLE, 0, {}};
  v.v.d = d;
  return v;
}
inline vh_value value(const char* s) {
  vh_value v{VH_STRING, 0, {}};
  v.v.s = s;
  return v;
}
inline vh_value flag(bool b) {
  vh_value v{VH_BOOLEAN, 0, {}};
  v.v.i = b;
  return v;
}
inline vh_value ints(const std::vector<int64_t>& list) {
  vh_value v{VH_INTS, static_cast<uint32_t>(list.size()), {}};
  v.v.is = list.data();
  return v;
}
inline vh_value none() {
  return {VH_NONE, 0, {}};
}
inline vh_value unset() {
  return {VH_DEFAULT, 0, {}};
}

// One call with one tensor as its result; throws vhost::Error with the gateway's message.
inline at::Tensor call(const char* schema, const std::vector<vh_value>& args) {
  vh_error err = vhost::new_error();
  const vh_op* op = ops().find(schema, &err);
  if (!op) throw vhost::Error(err.message);
  vh_value ret{VH_NONE, 0, {}};
  if (const int32_t status = ops().call(op, args.data(), static_cast<uint32_t>(args.size()), &ret, 1, &err))
    throw vhost::Error("status " + std::to_string(status) + ", " + err.message + " @ " + err.where);
  return vhost::adopt(ret.v.t);
}

inline std::string error_of(const char* schema, const std::vector<vh_value>& args) {
  try {
    call(schema, args);
    return "no error";
  } catch (const vhost::Error& e) {
    return e.what();
  }
}

}  // namespace tables
