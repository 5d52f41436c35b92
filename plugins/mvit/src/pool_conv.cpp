#include "pool_conv.h"

#include "depthwise_conv.h"
#include "vhost/cpp/autograd.hpp"
#include "vhost/cpp/log.hpp"

namespace mvit {

namespace {

// Only the kernel's middle slice meets a single frame. See Note [Single frames] in vhost/cpp/nn.hpp.
vh::Tensor convolve_frame(const vh::Tensor& maps, const vh::Tensor& weight, const vh::Grid& stride) {
  const vh::Ints k = weight.sizes();
  return vh::ops::conv2d(maps.squeeze(2), weight.select(2, k[2] / 2), {}, {stride[1], stride[2]}, {k[3] / 2, k[4] / 2},
                         {1, 1}, weight.size(0));
}

vh::Tensor convolve_clip(const vh::Tensor& maps, const vh::Tensor& weight, const vh::Grid& stride) {
  const vh::Ints k = weight.sizes();
  return vh::ops::conv3d(maps, weight, {}, {stride[0], stride[1], stride[2]}, {k[2] / 2, k[3] / 2, k[4] / 2}, {1, 1, 1},
                         weight.size(0));
}

vh::Tensor by_operators(const vh::Tensor& x, const vh::Grid& grid, const vh::Tensor& weight, const vh::Grid& stride) {
  const int64_t b = x.size(0), heads = x.size(1), width = x.size(3);
  const vh::Tensor maps = x.transpose(2, 3).reshape({b * heads, width, grid[0], grid[1], grid[2]});
  const vh::Tensor y = grid[0] == 1 ? convolve_frame(maps, weight, stride) : convolve_clip(maps, weight, stride);
  return y.view({b, heads, width, vh::cells(pooled(grid, stride))}).transpose(2, 3);  // B x heads x N' x C
}

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
vh::Tensor new_tensor(vh::Ints sizes, vh::DType dtype) {
  vh_tensor* made = nullptr;
  vh_error err = vh::detail::new_error();
  vh::detail::check(vh::services().tensor->empty(sizes.data(), static_cast<int32_t>(sizes.size()),
                                                 static_cast<int32_t>(dtype), VH_CPU, 0, &made, &err),
                    err, "empty");
  return vh::Tensor::take(made);
}

bool rows_are_dense(const vh::Tensor& x) {
  return x.size(3) == 1 || vh::services().tensor->strides(x.get())[3] == 1;
}

// Inputs x and the weight as it is stored; the kernels take it as [taps, C].
template <class T>
class PoolConv : public vh::Function {
 public:
  PoolConv(const DepthwiseShape& shape, bool x_needs_grad) : shape_(shape), x_needs_grad_(x_needs_grad) {}

  std::vector<vh::Spec> shape(vh::Tensors in) override {
    return {{.axes = "BHNC", .dim = out_sizes(), .dtype = in[0].dtype()}};
  }

  std::vector<vh::Tensor> forward(vh::Tensors in, vh::Saved& save) override {
    const vh::Tensor x = rows_are_dense(in[0]) ? in[0] : in[0].contiguous(), weight = packed(in[1]);
    save.put("x", x);
    save.put("weight", in[1]);
    vh::Tensor y = new_tensor(out_sizes(), type_of<T>());
    const auto from = maps_of<T>(x);
    const auto to = writable<T>(y);
    vh::parallel_for(forward_pieces(shape_), 1, [&](int64_t begin, int64_t end) {
      mvit::forward<T>(shape_, from, weight.data<Sum<T>>(), to, begin, end);
    });
    return {y};
  }

  std::vector<vh::Tensor> backward(const vh::Saved& saved, vh::Tensors grad) override {
    if (!grad[0].defined()) return {{}, {}};
    const vh::Tensor dense = rows_are_dense(grad[0]) ? grad[0] : grad[0].contiguous();
    const vh::Tensor grad_y = dense.dtype() == type_of<T>() ? dense : dense.to(type_of<T>());
    return {x_needs_grad_ ? of_input(grad_y, saved["weight"]) : vh::Tensor(),
            of_weight(saved["x"], grad_y, saved["weight"])};
  }

 private:
  std::vector<int64_t> out_sizes() const {
    return {shape_.batch, shape_.heads, vh::cells(shape_.pooled()), shape_.channels};
  }

  vh::Tensor packed(const vh::Tensor& weight) const {  // [C,1,kt,3,3] -> [taps, C]
    return weight.detach().view({shape_.channels, shape_.taps()}).transpose(0, 1).contiguous().to(type_of<Sum<T>>());
  }

  vh::Tensor of_input(const vh::Tensor& grad_y, const vh::Tensor& weight) const {
    const int64_t n = vh::cells(shape_.grid);
    vh::Tensor grad_x = new_tensor({shape_.batch, shape_.heads, n, shape_.channels}, type_of<T>());
    const vh::Tensor w = packed(weight);
    const auto from = maps_of<T>(grad_y);
    const auto to = writable<T>(grad_x);
    vh::parallel_for(grad_input_pieces(shape_), 1, [&](int64_t begin, int64_t end) {
      grad_input<T>(shape_, from, w.data<Sum<T>>(), to, begin, end);
    });
    return grad_x;
  }

  vh::Tensor of_weight(const vh::Tensor& x, const vh::Tensor& grad_y, const vh::Tensor& weight) const {
    const auto n = static_cast<size_t>(grad_weight_pieces(shape_) * shape_.taps() * shape_.channels);
    const auto partial = std::make_unique_for_overwrite<Sum<T>[]>(n);
    const auto maps = maps_of<T>(x), grads = maps_of<T>(grad_y);
    vh::parallel_for(grad_weight_pieces(shape_), 1, [&](int64_t begin, int64_t end) {
      grad_weight<T>(shape_, maps, grads, partial.get(), begin, end);
    });
    const std::vector<Sum<T>> sum = add_pieces<Sum<T>>(shape_, partial.get());
    const vh::Tensor by_tap = vh::from_host(sum.data(), {shape_.taps(), shape_.channels}, type_of<Sum<T>>(), {});
    return by_tap.transpose(0, 1).reshape(weight.sizes()).to(weight.dtype());
  }

  DepthwiseShape shape_;
  bool x_needs_grad_;
};

// What the kernels compute with; the rest goes through operators.
bool has_kernel(const vh::Tensor& x, const vh::Tensor& weight, const vh::Grid& stride) {
  const vh::DType type = x.dtype();
  const vh::Ints k = weight.sizes();
  const bool types = type == vh::DType::f32 || type == vh::DType::f64 || type == vh::DType::bf16;
  const bool devices = (x.device().type == VH_CPU || x.is_meta()) && x.device() == weight.device();
  (void)stride;
  return types && devices && k[2] % 2 == 1 && k[2] <= kMaxKernelT && k[3] == 3 && k[4] == 3;
}

template <class T>
vh::Tensor by_kernel(const DepthwiseShape& shape, const vh::Tensor& x, const vh::Tensor& weight) {
  return vh::apply<0>(std::make_unique<PoolConv<T>>(shape, x.requires_grad()), {x, weight}, 1)[0];
}

}  // namespace

vh::Grid pooled(const vh::Grid& grid, const vh::Grid& stride) {
  vh::Grid out;
  for (size_t i = 0; i < 3; ++i) out[i] = (grid[i] + stride[i] - 1) / stride[i];
  return out;
}

vh::Tensor pool_conv(const vh::Tensor& x, const vh::Grid& grid, const vh::Tensor& weight, const vh::Grid& stride) {
  if (!has_kernel(x, weight, stride)) return by_operators(x, grid, weight, stride);
  const DepthwiseShape shape{x.size(0), x.size(1), x.size(3), grid, stride, weight.size(2)};
  switch (x.dtype()) {
    case vh::DType::f64:
      return by_kernel<double>(shape, x, weight);
    case vh::DType::bf16:
      return by_kernel<Bf16>(shape, x, weight);
    default:
      return by_kernel<float>(shape, x, weight);
  }
}

}  // namespace mvit
