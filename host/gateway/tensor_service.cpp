#include <c10/core/GradMode.h>

#include <cstring>

#include "base/error.h"
#include "gateway/internal.h"

namespace vhost {
namespace {

void tensor_retain(vh_tensor* t) {
  if (!t) return;
  c10::raw::intrusive_ptr::incref(impl_of(t));
  count_handles(1);
}

void tensor_release(vh_tensor* t) {
  if (!t) return;
  count_handles(-1);
  c10::raw::intrusive_ptr::decref(impl_of(t));
}

int32_t tensor_rank(const vh_tensor* t) {
  return t ? static_cast<int32_t>(impl_of(t)->dim()) : -1;
}
const int64_t* tensor_sizes(const vh_tensor* t) {
  return t ? impl_of(t)->sizes().data() : nullptr;
}
const int64_t* tensor_strides(const vh_tensor* t) {
  return t ? impl_of(t)->strides().data() : nullptr;
}
int64_t tensor_numel(const vh_tensor* t) {
  return t ? impl_of(t)->numel() : 0;
}
int32_t tensor_dtype(const vh_tensor* t) {
  return t ? from_scalar_type(c10::typeMetaToScalarType(impl_of(t)->dtype())) : 0;
}

void tensor_device(const vh_tensor* t, int32_t* type, int32_t* index) {
  const at::Device device = t ? impl_of(t)->device() : at::Device(at::kCPU);
  if (type) *type = from_device_type(device.type());
  if (index) *index = device.has_index() ? device.index() : 0;
}

int32_t tensor_requires_grad(const vh_tensor* t) {
  return t && borrow(t).requires_grad();
}
int32_t tensor_is_contiguous(const vh_tensor* t) {
  return t && impl_of(t)->is_contiguous();
}

const void* tensor_data(const vh_tensor* t) {
  if (!t || impl_of(t)->device().type() == at::kMeta) return nullptr;
  try {
    return borrow(t).const_data_ptr();
  } catch (...) {
    return nullptr;
  }
}

void* tensor_data_mut(vh_tensor* t, vh_error* err) {
  void* data = nullptr;
  guarded(err, "data_mut", [&] {
    const at::Tensor tensor = borrow(t);
    if (!tensor.defined()) throw Error("the tensor is NULL");
    if (tensor.is_meta()) throw Error("a meta tensor has no data");
    if (tensor.requires_grad() && tensor.is_leaf() && c10::GradMode::is_enabled())
      throw Error("a leaf tensor that requires grad can't be written while grad mode is on");
    data = tensor.mutable_data_ptr();
    if (!tensor.is_inference()) tensor.unsafeGetTensorImpl()->bump_version();
    return VH_OK;
  });
  return data;
}

at::IntArrayRef checked_sizes(const int64_t* sizes, int32_t rank) {
  if (rank < 0 || (rank > 0 && !sizes)) throw Error("rank " + std::to_string(rank) + " without sizes");
  const at::IntArrayRef list(sizes, static_cast<size_t>(rank));
  for (const int64_t size : list)
    if (size < 0) throw Error("sizes " + list_text(list) + " have a negative item");
  return list;
}

int32_t refuse_worker(vh_error* err, const char* operation) {
  return in_worker() ? fail_at(err, VH_ERR_THREAD, operation, "tensors can't be made in a data worker") : VH_OK;
}

int32_t tensor_empty(const int64_t* sizes, int32_t rank, int32_t dtype, int32_t device_type, int32_t device_index,
                     vh_tensor** out, vh_error* err) {
  if (const int32_t status = refuse_worker(err, "empty")) return status;
  return guarded(err, "empty", [&] {
    const auto options = at::TensorOptions(to_scalar_type(dtype)).device(to_device(device_type, device_index));
    *out = take(at::empty(checked_sizes(sizes, rank), options));
    return VH_OK;
  });
}

int32_t tensor_from_host(const void* data, const int64_t* sizes, int32_t rank, int32_t dtype, int32_t device_type,
                         int32_t device_index, vh_tensor** out, vh_error* err) {
  if (const int32_t status = refuse_worker(err, "from_host")) return status;
  return guarded(err, "from_host", [&] {
    const at::Device device = to_device(device_type, device_index);
    at::Tensor tensor = at::empty(checked_sizes(sizes, rank), at::TensorOptions(to_scalar_type(dtype)));
    if (tensor.numel() && !data) throw Error("data is NULL");
    if (tensor.numel()) std::memcpy(tensor.mutable_data_ptr(), data, tensor.nbytes());
    *out = take(device.is_cpu() ? tensor : tensor.to(device));
    return VH_OK;
  });
}

int32_t tensor_to_host(const vh_tensor* t, void* data, int64_t bytes, vh_error* err) {
  return guarded(err, "to_host", [&] {
    if (!t) throw Error("the tensor is NULL");
    const at::Tensor tensor = borrow(t).detach();
    if (tensor.is_meta()) throw Error("a meta tensor has no data");
    const auto need = static_cast<int64_t>(tensor.numel() * tensor.element_size());
    if (bytes != need)
      throw Error(shape_text(tensor) + " has " + std::to_string(need) + " bytes, the buffer " + std::to_string(bytes));
    const at::Tensor host = tensor.to(at::kCPU).contiguous();
    if (need) std::memcpy(data, host.const_data_ptr(), static_cast<size_t>(need));
    return VH_OK;
  });
}

int32_t tensor_item(const vh_tensor* t, double* out, vh_error* err) {
  return guarded(err, "item", [&] {
    if (!t) throw Error("the tensor is NULL");
    const at::Tensor tensor = borrow(t);
    if (tensor.is_meta()) throw Error("a meta tensor has no data");
    if (tensor.numel() != 1) throw Error("wants one element, not " + shape_text(tensor));
    *out = tensor.item().toDouble();
    return VH_OK;
  });
}

vh_tensor* map_get(const vh_map* map, const char* key) {
  if (!map || !key) return nullptr;
  for (const auto& [name, value] : map->items)
    if (name == key) return lend(value);
  return nullptr;
}

int32_t map_put(vh_map* map, const char* key, vh_tensor* t) {
  if (!map || !key || !*key || !t || map->read_only) return VH_ERR_ARGUMENT;
  try {
    map->put(key, borrow(t));
    return VH_OK;
  } catch (...) {
    return VH_ERR_MEMORY;
  }
}

uint32_t map_count(const vh_map* map) {
  return map ? static_cast<uint32_t>(map->items.size()) : 0;
}
const char* map_key_at(const vh_map* map, uint32_t i) {
  return map && i < map->items.size() ? map->items[i].first.c_str() : nullptr;
}

}  // namespace

const vh_tensor_1 kTensorTable = {sizeof(vh_tensor_1),  0,
                                  tensor_retain,        tensor_release,
                                  tensor_rank,          tensor_sizes,
                                  tensor_strides,       tensor_numel,
                                  tensor_dtype,         tensor_device,
                                  tensor_requires_grad, tensor_is_contiguous,
                                  tensor_data,          tensor_data_mut,
                                  tensor_empty,         tensor_from_host,
                                  tensor_to_host,       tensor_item};

const vh_map_1 kMapTable = {sizeof(vh_map_1), 0, map_get, map_put, map_count, map_key_at};

}  // namespace vhost
