// vh::Tensor: a counted handle. Includes no operators; its methods and + - * / are in tensor.hpp.
#pragma once
#include <array>
#include <utility>

#include "host.hpp"
#include "value.hpp"

namespace vh {

// One pointer; copying shares the tensor, as in PyTorch. A default-constructed one is undefined (NULL).
class Tensor {
 public:
  Tensor() = default;
  Tensor(const Tensor& other) noexcept : handle_(other.handle_) {
    if (handle_) table().retain(handle_);
  }
  Tensor(Tensor&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Tensor& operator=(Tensor other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Tensor() {
    if (handle_) table().release(handle_);
  }

  static Tensor take(vh_tensor* owned) {
    Tensor t;
    t.handle_ = owned;
    return t;
  }
  static Tensor share(vh_tensor* borrowed) {
    if (borrowed) table().retain(borrowed);
    return take(borrowed);
  }
  vh_tensor* get() const { return handle_; }
  vh_tensor* release() { return std::exchange(handle_, nullptr); }  // the caller owns it now
  bool defined() const { return handle_ != nullptr; }

  // Facts: [any]. A negative axis counts from the end.
  int64_t dim() const { return table().rank(handle_); }
  Ints sizes() const { return handle_ ? Ints(table().sizes(handle_), static_cast<size_t>(dim())) : Ints(); }
  std::vector<int64_t> shape() const {
    const Ints s = sizes();
    return {s.begin(), s.end()};
  }
  int64_t size(int64_t axis) const;
  int64_t numel() const { return table().numel(handle_); }
  DType dtype() const { return static_cast<DType>(table().dtype(handle_)); }
  Device device() const {
    Device d;
    table().device(handle_, &d.type, &d.index);
    return d;
  }
  bool is_meta() const { return device().type == VH_META; }
  bool requires_grad() const { return table().requires_grad(handle_) != 0; }
  bool is_contiguous() const { return table().is_contiguous(handle_) != 0; }

  // Memory: [step]. data() is on the tensor's device, and NULL on meta; mutable_data() tells autograd.
  template <class T>
  const T* data() const {
    return static_cast<const T*>(table().data(handle_));
  }
  template <class T>
  T* mutable_data();
  double item() const;  // of one element; waits for the device
  template <class T>
  std::vector<T> to_vector() const;  // copies in row-major order; waits for the device

  // Operators: tensor.hpp.
  Tensor view(Ints size) const;
  Tensor reshape(Ints size) const;
  Tensor flatten(int64_t start = 0, int64_t end = -1) const;
  Tensor permute(Ints dims) const;
  Tensor transpose(int64_t a, int64_t b) const;
  Tensor unsqueeze(int64_t axis) const;
  Tensor squeeze(int64_t axis) const;
  Tensor expand(Ints size) const;
  Tensor select(int64_t axis, int64_t index) const;
  Tensor slice(int64_t axis, std::optional<int64_t> begin, std::optional<int64_t> end = {}, int64_t step = 1) const;
  std::vector<Tensor> chunk(int64_t n, int64_t axis = 0) const;
  Tensor contiguous() const;
  Tensor detach() const;
  Tensor to(DType dtype) const;
  Tensor sum() const;
  Tensor sum(Ints dims, bool keepdim = false) const;
  Tensor mean() const;
  Tensor mean(Ints dims, bool keepdim = false) const;

 private:
  static const vh_tensor_1& table() { return *detail::services.tensor; }
  vh_tensor* handle_ = nullptr;
};
static_assert(sizeof(Tensor) == sizeof(vh_tensor*), "arrays of Tensor cross as arrays of handles");

// A borrowed list of tensors, for the length of a call; undefined ones are allowed where the schema says Tensor?[].
class Tensors {
 public:
  Tensors() = default;
  Tensors(std::initializer_list<Tensor> list) : n_(list.size()) { data_ = std::data(list); }
  Tensors(const std::vector<Tensor>& list) : data_(list.data()), n_(list.size()) {}
  Tensors(const Tensor* data, size_t n) : data_(data), n_(n) {}
  size_t size() const { return n_; }
  const Tensor& operator[](size_t i) const { return data_[i]; }
  const Tensor* begin() const { return data_; }
  const Tensor* end() const { return data_ + n_; }
  vh_tensor* const* handles() const { return reinterpret_cast<vh_tensor* const*>(data_); }

 private:
  const Tensor* data_ = nullptr;
  size_t n_ = 0;
};

// Memory of the host's copied to a device: [step] [setup]. `data` is contiguous and of that dtype.
Tensor from_host(const void* data, Ints size, DType dtype, Device device);

inline int64_t Tensor::size(int64_t axis) const {
  const int64_t rank = dim(), i = axis < 0 ? axis + rank : axis;
  if (i < 0 || i >= rank) throw argument_error(str("axis ", axis, " of a tensor of shape ", text(sizes())));
  return sizes()[static_cast<size_t>(i)];
}

template <class T>
T* Tensor::mutable_data() {
  vh_error err = detail::new_error();
  void* memory = table().data_mut(handle_, &err);
  if (!memory && numel() > 0) detail::check(err.code ? err.code : VH_ERR, err, "mutable_data");
  return static_cast<T*>(memory);
}

inline double Tensor::item() const {
  double out = 0;
  vh_error err = detail::new_error();
  detail::check(table().item(handle_, &out, &err), err, "item");
  return out;
}

template <class T>
std::vector<T> Tensor::to_vector() const {
  if (dtype_of<T>() != dtype())
    throw argument_error(str("to_vector: the tensor is ", name(dtype()), ", wanted as ", name(dtype_of<T>())));
  std::vector<T> out(static_cast<size_t>(numel()));
  vh_error err = detail::new_error();
  detail::check(table().to_host(handle_, out.data(), static_cast<int64_t>(out.size() * sizeof(T)), &err), err,
                "to_vector");
  return out;
}

inline Tensor from_host(const void* data, Ints size, DType dtype, Device device) {
  vh_tensor* out = nullptr;
  vh_error err = detail::new_error();
  detail::check(need(detail::services.tensor, VH_TENSOR_1)
                    .from_host(data, size.data(), static_cast<int32_t>(size.size()), static_cast<int32_t>(dtype),
                               device.type, device.index, &out, &err),
                err, "from_host");
  return Tensor::take(out);
}

}  // namespace vh
