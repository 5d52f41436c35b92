#include "gateway/gateway.h"

#include <atomic>

#include "base/error.h"
#include "gateway/internal.h"
#include "gateway/meta_kernels.h"

namespace vhost {
namespace {

std::atomic<int64_t> handles{0};
thread_local std::string part_name;

using Unowned = c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>;

}  // namespace

void register_gateway() {
  static const bool registered = [] {
    register_service(VH_OPS_1, &kOpsTable);
    register_service(VH_TENSOR_1, &kTensorTable);
    register_service(VH_MAP_1, &kMapTable);
    register_service(VH_PARAMS_1, &kParamsTable);
    register_service(VH_AUTOGRAD_1, &kAutogradTable);
    register_service(VH_RNG_1, &kRngTable);
    register_service(VH_DEVICE_1, &kDeviceTable);
    register_meta_kernels();
    return true;
  }();
  (void)registered;
}

void count_handles(int64_t change) {
  handles.fetch_add(change, std::memory_order_relaxed);
}
int64_t live_handles() {
  return handles.load(std::memory_order_relaxed);
}

vh_tensor* take(at::Tensor tensor) {
  if (!tensor.defined()) return nullptr;
  count_handles(1);
  return reinterpret_cast<vh_tensor*>(tensor.unsafeReleaseTensorImpl());
}

at::Tensor borrow(const vh_tensor* handle) {
  return handle ? at::Tensor(Unowned::unsafe_reclaim_from_nonowning(impl_of(handle))) : at::Tensor();
}

at::Tensor adopt(vh_tensor* handle) {
  if (!handle) return {};
  count_handles(-1);
  return at::Tensor(Unowned::reclaim(impl_of(handle)));
}

void set_current_part(const std::string& name) {
  part_name = name;
}
const std::string& current_part() {
  return part_name;
}

at::ScalarType to_scalar_type(int32_t dtype) {
  switch (dtype) {
    case VH_F32:
      return at::kFloat;
    case VH_F64:
      return at::kDouble;
    case VH_F16:
      return at::kHalf;
    case VH_BF16:
      return at::kBFloat16;
    case VH_U8:
      return at::kByte;
    case VH_I8:
      return at::kChar;
    case VH_I16:
      return at::kShort;
    case VH_I32:
      return at::kInt;
    case VH_I64:
      return at::kLong;
    case VH_BOOL:
      return at::kBool;
    default:
      throw Error("there is no dtype number " + std::to_string(dtype) + " (1 to 10, see vhost/abi.h)");
  }
}

int32_t from_scalar_type(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return VH_F32;
    case at::kDouble:
      return VH_F64;
    case at::kHalf:
      return VH_F16;
    case at::kBFloat16:
      return VH_BF16;
    case at::kByte:
      return VH_U8;
    case at::kChar:
      return VH_I8;
    case at::kShort:
      return VH_I16;
    case at::kInt:
      return VH_I32;
    case at::kLong:
      return VH_I64;
    case at::kBool:
      return VH_BOOL;
    default:
      return 0;
  }
}

const char* dtype_name(at::ScalarType type) {
  static constexpr const char* names[] = {"", "f32", "f64", "f16", "bf16", "u8", "i8", "i16", "i32", "i64", "bool"};
  const int32_t number = from_scalar_type(type);
  return number ? names[number] : c10::toString(type);
}

std::string list_text(at::IntArrayRef values) {
  std::string text = "[";
  for (size_t i = 0; i < values.size(); ++i) {
    if (i) text += ",";
    text += std::to_string(values[i]);
  }
  text += "]";
  return text;
}

std::string shape_text(const at::Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  std::string text = dtype_name(tensor.scalar_type());
  text += list_text(tensor.sizes());
  return text;
}

at::Device to_device(int32_t type, int32_t index) {
  switch (type) {
    case VH_CPU:
      return at::Device(at::kCPU);
    case VH_CUDA:
      return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
    case VH_META:
      return at::Device(at::kMeta);
    default:
      throw Error("there is no device type " + std::to_string(type) + " (VH_CPU 0, VH_CUDA 1, VH_META 2)");
  }
}

int32_t from_device_type(c10::DeviceType type) {
  if (type == at::kCUDA) return VH_CUDA;
  return type == at::kMeta ? VH_META : VH_CPU;
}

std::pair<int32_t, std::string> describe_exception() {
  std::pair<int32_t, std::string> result{VH_ERR, ""};
  try {
    throw;
  } catch (const c10::OutOfMemoryError& e) {
    result = {VH_ERR_MEMORY, e.what_without_backtrace()};
  } catch (const c10::NotImplementedError& e) {
    result = {VH_ERR_UNSUPPORTED, e.what_without_backtrace()};
  } catch (const c10::Error& e) {
    result.second = e.what_without_backtrace();
  } catch (const Error& e) {
    result.second = e.what();
  } catch (const std::bad_alloc&) {
    result = {VH_ERR_MEMORY, "out of memory"};
  } catch (const std::exception& e) {
    result.second = e.what();
  } catch (...) {
    result.second = "an exception of unknown type";
  }
  while (!result.second.empty() && result.second.back() == '\n') result.second.pop_back();
  return result;
}

int32_t fail_at(vh_error* err, int32_t code, const char* operation, const std::string& message) {
  try {
    return fail(err, code, std::string(operation) + ": " + message, part_name.empty() ? operation : part_name);
  } catch (...) {
    return code;
  }
}

}  // namespace vhost

const at::Tensor* vh_map::find(const std::string& key) const {
  for (const auto& [name, value] : items)
    if (name == key) return &value;
  return nullptr;
}

void vh_map::put(const std::string& key, at::Tensor value) {
  for (auto& [name, old] : items)
    if (name == key) {
      old = std::move(value);
      return;
    }
  items.emplace_back(key, std::move(value));
}
