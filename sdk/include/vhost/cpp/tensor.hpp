// vh::Tensor with operators: methods that forward to vh::ops, and + - * / with tensors and numbers.
#pragma once
#include "ops.hpp"

namespace vh {

// clang-format off
inline Tensor Tensor::view(Ints size) const { return ops::view(*this, size); }
inline Tensor Tensor::reshape(Ints size) const { return ops::reshape(*this, size); }
inline Tensor Tensor::flatten(int64_t start, int64_t end) const { return ops::flatten(*this, start, end); }
inline Tensor Tensor::permute(Ints dims) const { return ops::permute(*this, dims); }
inline Tensor Tensor::transpose(int64_t a, int64_t b) const { return ops::transpose(*this, a, b); }
inline Tensor Tensor::unsqueeze(int64_t axis) const { return ops::unsqueeze(*this, axis); }
inline Tensor Tensor::squeeze(int64_t axis) const { return ops::squeeze(*this, axis); }
inline Tensor Tensor::expand(Ints size) const { return ops::expand(*this, size); }
inline Tensor Tensor::select(int64_t axis, int64_t index) const { return ops::select(*this, axis, index); }
inline Tensor Tensor::slice(int64_t axis, std::optional<int64_t> begin, std::optional<int64_t> end, int64_t step) const {
  return ops::slice(*this, axis, begin, end, step);
}
inline std::vector<Tensor> Tensor::chunk(int64_t n, int64_t axis) const { return ops::chunk(*this, n, axis); }
inline Tensor Tensor::contiguous() const { return ops::contiguous(*this); }
inline Tensor Tensor::detach() const { return ops::detach(*this); }
inline Tensor Tensor::to(DType dtype) const { return ops::to_dtype(*this, dtype); }
inline Tensor Tensor::sum() const { return ops::sum(*this); }
inline Tensor Tensor::sum(Ints dims, bool keepdim) const { return ops::sum_dim(*this, dims, keepdim); }
inline Tensor Tensor::mean() const { return ops::mean(*this); }
inline Tensor Tensor::mean(Ints dims, bool keepdim) const { return ops::mean_dim(*this, dims, keepdim); }

template <class T>
concept Number = std::integral<T> || std::floating_point<T>;

inline Tensor operator+(const Tensor& a, const Tensor& b) { return ops::add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return ops::sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return ops::mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return ops::div(a, b); }
inline Tensor operator-(const Tensor& a) { return ops::neg(a); }
template <Number T> Tensor operator+(const Tensor& a, T b) { return ops::add_scalar(a, b); }
template <Number T> Tensor operator-(const Tensor& a, T b) { return ops::sub_scalar(a, b); }
template <Number T> Tensor operator*(const Tensor& a, T b) { return ops::mul_scalar(a, b); }
template <Number T> Tensor operator/(const Tensor& a, T b) { return ops::div_scalar(a, b); }
template <Number T> Tensor operator+(T a, const Tensor& b) { return ops::add_scalar(b, a); }
template <Number T> Tensor operator-(T a, const Tensor& b) { return ops::rsub_scalar(b, a); }
template <Number T> Tensor operator*(T a, const Tensor& b) { return ops::mul_scalar(b, a); }
template <Number T> Tensor operator/(T a, const Tensor& b) { return ops::mul_scalar(ops::reciprocal(b), a); }
// clang-format on

}  // namespace vh
