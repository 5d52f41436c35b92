#include "pool_conv.h"

#include "pool_kernels.h"

namespace mvit {

namespace {

// Only the kernel's middle slice meets a single frame. See Note [Single frames] in vhost/cpp/nn.hpp.
vh::Tensor convolve_frame(const vh::Tensor& maps, const vh::Tensor& weight, const vh::Grid& stride) {
  const std::vector<int64_t> k = weight.shape();
  return vh::ops::conv2d(maps.squeeze(2), weight.select(2, k[2] / 2), {}, {stride[1], stride[2]}, {k[3] / 2, k[4] / 2},
                         {1, 1}, weight.size(0));
}

vh::Tensor convolve_clip(const vh::Tensor& maps, const vh::Tensor& weight, const vh::Grid& stride) {
  const std::vector<int64_t> k = weight.shape();
  return vh::ops::conv3d(maps, weight, {}, {stride[0], stride[1], stride[2]}, {k[2] / 2, k[3] / 2, k[4] / 2}, {1, 1, 1},
                         weight.size(0));
}

vh::Tensor by_operators(const vh::Tensor& x, const vh::Grid& grid, const vh::Tensor& weight, const vh::Grid& stride) {
  const int64_t b = x.size(0), heads = x.size(1), width = x.size(3);
  const vh::Tensor maps = x.transpose(2, 3).reshape({b * heads, width, grid[0], grid[1], grid[2]});
  const vh::Tensor y = grid[0] == 1 ? convolve_frame(maps, weight, stride) : convolve_clip(maps, weight, stride);
  return y.view({b, heads, width, vh::cells(pooled(grid, stride))}).transpose(2, 3);  // B x heads x N' x C
}

// Inputs x and the weight as it is stored.
template <class T>
class PoolConv : public vh::Function {
 public:
  PoolConv(const DepthwiseShape& shape, bool x_needs_grad) : shape_(shape), x_needs_grad_(x_needs_grad) {}

  std::vector<vh::Spec> shape(vh::Tensors in) override {
    return {{.axes = "BHNC", .dim = out_sizes(), .dtype = in[0].dtype()}};
  }

  std::vector<vh::Tensor> forward(vh::Tensors in, vh::Saved& save) override {
    const vh::Tensor x = dense<T>(in[0]);
    save.put("x", x);
    save.put("weight", in[1]);
    vh::Tensor y = new_tensor(out_sizes(), type_of<T>());
    convolve<T>(shape_, maps_of<T>(x), in[1], writable<T>(y));
    return {y};
  }

  std::vector<vh::Tensor> backward(const vh::Saved& saved, vh::Tensors grad) override {
    if (!grad[0].defined()) return {{}, {}};
    const vh::Tensor x = saved["x"], weight = saved["weight"], grad_y = dense<T>(grad[0]);
    return {x_needs_grad_ ? of_input(grad_y, weight) : vh::Tensor(),
            weight_gradient<T>(shape_, maps_of<T>(x), maps_of<T>(grad_y), weight)};
  }

 private:
  std::vector<int64_t> out_sizes() const {
    return {shape_.batch, shape_.heads, vh::cells(shape_.pooled()), shape_.channels};
  }
  vh::Tensor of_input(const vh::Tensor& grad_y, const vh::Tensor& weight) const {
    vh::Tensor grad_x = new_tensor({shape_.batch, shape_.heads, vh::cells(shape_.grid), shape_.channels}, type_of<T>());
    convolve_back<T>(shape_, maps_of<T>(grad_y), weight, writable<T>(grad_x));
    return grad_x;
  }

  DepthwiseShape shape_;
  bool x_needs_grad_;
};

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
  if (x.size(2) != vh::cells(grid) || weight.size(0) != x.size(3))
    throw vh::argument_error(vh::str("pool_conv: ", x.size(2), " tokens of ", x.size(3), " channels, but a grid of ",
                                     vh::cells(grid), " cells and weights for ", weight.size(0), " channels"));
  if (!has_kernel(x, weight)) return by_operators(x, grid, weight, stride);
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
