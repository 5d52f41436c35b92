// What the gateway's services share: handles, and the border that no exception crosses.
#pragma once
#include <c10/util/Exception.h>

#include <new>
#include <utility>

#include "gateway/gateway.h"

namespace vhost {

extern const vh_ops_1 kOpsTable;
extern const vh_tensor_1 kTensorTable;
extern const vh_map_1 kMapTable;
extern const vh_params_1 kParamsTable;
extern const vh_autograd_1 kAutogradTable;
extern const vh_rng_1 kRngTable;
extern const vh_device_1 kDeviceTable;

void count_handles(int64_t change);

inline at::TensorImpl* impl_of(const vh_tensor* handle) {
  return reinterpret_cast<at::TensorImpl*>(const_cast<vh_tensor*>(handle));
}
// A handle that the callee may use as long as `tensor` lives.
inline vh_tensor* lend(const at::Tensor& tensor) {
  return tensor.defined() ? reinterpret_cast<vh_tensor*>(tensor.unsafeGetTensorImpl()) : nullptr;
}

const char* dtype_name(at::ScalarType);             // "f32", "i64"; LibTorch's own name for others
std::string shape_text(const at::Tensor&);          // "f32[2,3]", "undefined"
std::string list_text(at::IntArrayRef values);      // "[2,3]"
at::Device to_device(int32_t type, int32_t index);  // throws Error
int32_t from_device_type(c10::DeviceType);

// The message of the exception that is being handled, without LibTorch's backtrace, and its status.
std::pair<int32_t, std::string> describe_exception();

// fail() with the current part, or `operation`, as the place; prefixes the message with the operation.
int32_t fail_at(vh_error* err, int32_t code, const char* operation, const std::string& message);

// Runs `body`, which returns a status; turns exceptions into one.
template <class Body>
int32_t guarded(vh_error* err, const char* operation, Body body) noexcept {
  try {
    return body();
  } catch (...) {
    const auto [code, message] = describe_exception();
    return fail_at(err, code, operation, message);
  }
}

}  // namespace vhost
