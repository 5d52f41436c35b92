#include "pool_projections.h"

#include "pool_conv.h"
#include "pool_kernels.h"

namespace mvit {

namespace {

struct Layout {
  int64_t batch, prefix, heads, channels;
  std::array<DepthwiseShape, 3> shapes;

  int64_t tokens() const { return prefix + vh::cells(shapes[0].grid); }
  // Of the outputs q, k, v and, with a prefix, the queries' prefix.
  int64_t kept(size_t i) const { return i == 0 ? 0 : prefix; }
  std::vector<int64_t> out_sizes(size_t i) const {
    const int64_t n = i == 3 ? prefix : kept(i) + vh::cells(shapes[i].pooled());
    return {batch, heads, n, channels};
  }
  uint32_t n_out() const { return prefix ? 4 : 3; }
};

// Tokens from `first` on of queries (0), keys (1) or values (2) in a contiguous [B, prefix + N, 3, heads, C].
template <class T>
TokenMaps<T> inside(T* all, const Layout& l, size_t which, int64_t first) {
  const int64_t token = 3 * l.heads * l.channels;
  return {all + first * token + static_cast<int64_t>(which) * l.heads * l.channels, l.tokens() * token, l.channels,
          token};
}

template <class T>
TokenMaps<T> from_token(const TokenMaps<T>& maps, int64_t first) {
  return {maps.data + first * maps.token_stride, maps.batch_stride, maps.head_stride, maps.token_stride};
}

template <class T>
void copy_tokens(const Layout& l, int64_t n, const TokenMaps<const T>& from, const TokenMaps<T>& to) {
  for (int64_t b = 0; b < l.batch; ++b)
    for (int64_t h = 0; h < l.heads; ++h)
      for (int64_t i = 0; i < n; ++i)
        std::copy_n(from.data + b * from.batch_stride + h * from.head_stride + i * from.token_stride, l.channels,
                    to.data + b * to.batch_stride + h * to.head_stride + i * to.token_stride);
}

// Inputs: all, and the weights of q, k, v. Outputs: q, k, v and, with a prefix, the queries' prefix.
template <class T>
class PoolProjections : public vh::Function {
 public:
  explicit PoolProjections(const Layout& layout) : l_(layout) {}

  std::vector<vh::Spec> shape(vh::Tensors in) override {
    std::vector<vh::Spec> out;
    for (size_t i = 0; i < l_.n_out(); ++i)
      out.push_back({.axes = "BHNC", .dim = l_.out_sizes(i), .dtype = in[0].dtype()});
    return out;
  }

  std::vector<vh::Tensor> forward(vh::Tensors in, vh::Saved& save) override {
    const vh::Tensor all = in[0].contiguous();
    save.put("all", all);
    std::vector<vh::Tensor> out;
    for (size_t i = 0; i < l_.n_out(); ++i) out.push_back(new_tensor(l_.out_sizes(i), type_of<T>()));
    for (size_t i = 0; i < 3; ++i) {
      save.put(kWeights[i], in[i + 1]);
      const TokenMaps<T> to = writable<T>(out[i]);
      convolve<T>(l_.shapes[i], inside(all.data<T>(), l_, i, l_.prefix), in[i + 1], from_token(to, l_.kept(i)));
      copy_tokens<T>(l_, l_.prefix, inside(all.data<T>(), l_, i, 0), i == 0 && l_.prefix ? writable<T>(out[3]) : to);
    }
    return out;
  }

  std::vector<vh::Tensor> backward(const vh::Saved& saved, vh::Tensors grads) override {
    const vh::Tensor all = saved["all"];
    vh::Tensor grad_all = new_tensor(all.shape(), type_of<T>());
    T* to = grad_all.mutable_data<T>();
    std::vector<vh::Tensor> out{grad_all};
    for (size_t i = 0; i < 3; ++i) {
      const vh::Tensor grad = given(grads, i), prefix = i == 0 && l_.prefix ? given(grads, 3) : grad;
      const vh::Tensor weight = saved[kWeights[i]];
      const TokenMaps<const T> grad_y = from_token(maps_of<T>(grad), l_.kept(i));
      convolve_back<T>(l_.shapes[i], grad_y, weight, inside(to, l_, i, l_.prefix));
      copy_tokens<T>(l_, l_.prefix, maps_of<T>(prefix), inside(to, l_, i, 0));
      out.push_back(weight_gradient<T>(l_.shapes[i], inside(all.data<T>(), l_, i, l_.prefix), grad_y, weight));
    }
    return out;
  }

 private:
  static constexpr const char* kWeights[3] = {"weight.q", "weight.k", "weight.v"};

  vh::Tensor given(const vh::Tensors& grads, size_t i) const {
    if (grads[i].defined()) return dense<T>(grads[i]);
    return vh::ops::zeros(l_.out_sizes(i), type_of<T>(), {});
  }

  Layout l_;
};

PooledProjections by_pool_conv(const vh::Tensor& all, int64_t prefix, const vh::Grid& grid,
                               const std::array<vh::Tensor, 3>& weights, const std::array<vh::Grid, 3>& strides) {
  const std::vector<vh::Tensor> parts = vh::ops::split_sizes(all, {prefix, vh::cells(grid)}, 1);
  const auto one = [](const vh::Tensor& from, int64_t i) { return from.select(2, i).transpose(1, 2); };
  vh::Tensor out[3];
  for (size_t i = 0; i < 3; ++i) {
    const auto which = static_cast<int64_t>(i);
    out[i] = pool_conv(one(parts[1], which), grid, weights[i], strides[i]);
    if (i > 0 && prefix) out[i] = vh::ops::cat({one(parts[0], which), out[i]}, 2);
  }
  return {prefix ? one(parts[0], 0) : vh::Tensor(), out[0], out[1], out[2]};
}

template <class T>
PooledProjections by_kernel(const Layout& layout, const vh::Tensor& all, const std::array<vh::Tensor, 3>& weights) {
  const std::vector<vh::Tensor> out = vh::apply<0>(std::make_unique<PoolProjections<T>>(layout),
                                                   {all, weights[0], weights[1], weights[2]}, layout.n_out());
  return {layout.prefix ? out[3] : vh::Tensor(), out[0], out[1], out[2]};
}

}  // namespace

PooledProjections pool_projections(const vh::Tensor& all, int64_t prefix, const vh::Grid& grid,
                                   const std::array<vh::Tensor, 3>& weights, const std::array<vh::Grid, 3>& strides) {
  if (all.size(1) != prefix + vh::cells(grid))
    throw vh::argument_error(vh::str("pool_projections: ", all.size(1), " tokens, but a prefix of ", prefix,
                                     " and a grid of ", vh::cells(grid), " cells"));
  Layout layout{all.size(0), prefix, all.size(3), all.size(4), {}};
  for (size_t i = 0; i < 3; ++i) {
    if (!has_kernel(all, weights[i])) return by_pool_conv(all, prefix, grid, weights, strides);
    layout.shapes[i] = {layout.batch, layout.heads, layout.channels, grid, strides[i], weights[i].size(2)};
  }
  switch (all.dtype()) {
    case vh::DType::f64:
      return by_kernel<double>(layout, all, weights);
    case vh::DType::bf16:
      return by_kernel<Bf16>(layout, all, weights);
    default:
      return by_kernel<float>(layout, all, weights);
  }
}

}  // namespace mvit
