// The kernels of depthwise_conv.h on tensors, over all threads. Templates over float, double and Bf16.
#pragma once
#include <algorithm>
#include <memory>

#include "depthwise_conv.h"
#include "vhost/cpp/autograd.hpp"
#include "vhost/cpp/log.hpp"
#include "vhost/cpp/tensor.hpp"

namespace mvit {

template <class T>
constexpr vh::DType type_of() {
  return std::is_same_v<T, Bf16> ? vh::DType::bf16 : vh::dtype_of<T>();
}

template <class T>
TokenMaps<const T> maps_of(const vh::Tensor& x) {
  const int64_t* strides = vh::services().tensor->strides(x.get());
  return {x.data<T>(), strides[0], strides[1], strides[2]};
}

template <class T>
TokenMaps<T> writable(vh::Tensor& y) {
  const int64_t* strides = vh::services().tensor->strides(y.get());
  return {y.mutable_data<T>(), strides[0], strides[1], strides[2]};
}

// Uninitialised, on the CPU.
inline vh::Tensor new_tensor(vh::Ints sizes, vh::DType dtype) {
  vh_tensor* made = nullptr;
  vh_error err = vh::detail::new_error();
  vh::detail::check(vh::services().tensor->empty(sizes.data(), static_cast<int32_t>(sizes.size()),
                                                 static_cast<int32_t>(dtype), VH_CPU, 0, &made, &err),
                    err, "empty");
  return vh::Tensor::take(made);
}

inline bool rows_are_dense(const vh::Tensor& x) {
  return x.size(3) == 1 || vh::services().tensor->strides(x.get())[3] == 1;
}

// Whether the kernels take these, x [.., C] and weight [C,1,kt,kh,kw]; the rest goes through operators.
inline bool has_kernel(const vh::Tensor& x, const vh::Tensor& weight) {
  const vh::DType type = x.dtype();
  const vh::Ints k = weight.sizes();
  const bool types = type == vh::DType::f32 || type == vh::DType::f64 || type == vh::DType::bf16;
  const bool devices = (x.device().type == VH_CPU || x.is_meta()) && x.device() == weight.device();
  return types && devices && k[2] % 2 == 1 && k[2] <= kMaxKernelT && k[3] == 3 && k[4] == 3;
}

// Channels contiguous, of the kernel's type: a copy only where they aren't.
template <class T>
vh::Tensor dense(const vh::Tensor& x) {
  const vh::Tensor typed = x.dtype() == type_of<T>() ? x : x.to(type_of<T>());
  return rows_are_dense(typed) ? typed : typed.contiguous();
}

// [C,1,kt,3,3] -> [taps, C], as the kernels take it.
template <class T>
vh::Tensor packed(const DepthwiseShape& shape, const vh::Tensor& weight) {
  return weight.detach().view({shape.channels, shape.taps()}).transpose(0, 1).contiguous().to(type_of<Sum<T>>());
}

template <class T>
void convolve(const DepthwiseShape& shape, const TokenMaps<const T>& x, const vh::Tensor& weight,
              const TokenMaps<T>& y) {
  const vh::Tensor w = packed<T>(shape, weight);
  vh::parallel_for(forward_pieces(shape), 1,
                   [&](int64_t begin, int64_t end) { forward<T>(shape, x, w.data<Sum<T>>(), y, begin, end); });
}

template <class T>
void convolve_back(const DepthwiseShape& shape, const TokenMaps<const T>& grad_y, const vh::Tensor& weight,
                   const TokenMaps<T>& grad_x) {
  const vh::Tensor w = packed<T>(shape, weight);
  vh::parallel_for(grad_input_pieces(shape), 1, [&](int64_t begin, int64_t end) {
    grad_input<T>(shape, grad_y, w.data<Sum<T>>(), grad_x, begin, end);
  });
}

// Like `weight`, in its sizes and type.
template <class T>
vh::Tensor weight_gradient(const DepthwiseShape& shape, const TokenMaps<const T>& x, const TokenMaps<const T>& grad_y,
                           const vh::Tensor& weight) {
  const auto n = static_cast<size_t>(grad_weight_pieces(shape) * shape.taps() * shape.channels);
  const auto partial = std::make_unique_for_overwrite<Sum<T>[]>(n);
  vh::parallel_for(grad_weight_pieces(shape), 1,
                   [&](int64_t begin, int64_t end) { grad_weight<T>(shape, x, grad_y, partial.get(), begin, end); });
  const std::vector<Sum<T>> sum = add_pieces<Sum<T>>(shape, partial.get());
  const vh::Tensor by_tap = vh::from_host(sum.data(), {shape.taps(), shape.channels}, type_of<Sum<T>>(), {});
  return by_tap.transpose(0, 1).reshape(weight.sizes()).to(weight.dtype());
}

}  // namespace mvit
