// Layers in the manner of torch.nn, with its parameter names and shapes. Each
// makes its parameters in the scope it is given
// ([setup]) and is called with tensors ([step]). Biases and norms are exempt from weight decay. Layers that behave
// differently in training take `train`: there is no global state.
#pragma once
#include "part.hpp"
#include "tensor.hpp"

namespace vh::nn {

// PyTorch's own defaults, and the ones that transformers use.
inline constexpr const char* kKaiming = "kaiming_uniform(a=2.23606797749979)";
inline constexpr const char* kXavier = "xavier_uniform(gain=1)";
inline constexpr const char* kTruncNormal = "trunc_normal(std=0.02,a=-2,b=2)";

// A layer with a scope; derive from it to group layers of one's own.
struct Module {
  Module() = default;
  explicit Module(const Scope& scope_) : scope(scope_) {}
  Scope scope;

 protected:
  Tensor weight_param(Ints shape, const std::string& init, const std::string& on_resize = {}) const {
    return scope.param("weight", shape, {.init = init, .on_resize = on_resize});
  }
  // An empty init is PyTorch's default: uniform in +-1/sqrt(fan_in).
  Tensor bias_param(int64_t n, int64_t fan_in, const std::string& init) const {
    const std::string text = init.empty() ? str("bias_uniform(fan_in=", fan_in, ")") : init;
    return scope.param("bias", {n}, {.init = text, .no_decay = true});
  }
};

struct LinearOptions {
  bool bias = true;
  std::string init = kKaiming, bias_init = {};
};
struct Linear : Module {  // [*, in] -> [*, out]
  Linear() = default;
  Linear(const Scope& scope_, int64_t in, int64_t out, const LinearOptions& o = {})
      : Module(scope_), weight(weight_param({out, in}, o.init)) {
    if (o.bias) bias = bias_param(out, in, o.bias_init);
  }
  Tensor operator()(const Tensor& x) const { return ops::linear(x, weight, bias); }
  Tensor weight, bias;
};

struct LayerNorm : Module {  // over the last axis
  LayerNorm() = default;
  LayerNorm(const Scope& scope_, int64_t width, double eps_ = 1e-5)
      : Module(scope_),
        weight(scope.param("weight", {width}, {.init = "ones", .no_decay = true})),
        bias(scope.param("bias", {width}, {.no_decay = true})),
        eps(eps_) {}
  Tensor operator()(const Tensor& x) const { return ops::layer_norm(x, weight.sizes(), weight, bias, eps); }
  Tensor weight, bias;
  double eps = 1e-5;
};

struct GroupNorm : Module {  // over groups of axis 1 (Wu and He, "Group Normalization", ECCV 2018)
  GroupNorm() = default;
  GroupNorm(const Scope& scope_, int64_t groups_, int64_t width, double eps_ = 1e-5)
      : Module(scope_),
        weight(scope.param("weight", {width}, {.init = "ones", .no_decay = true})),
        bias(scope.param("bias", {width}, {.no_decay = true})),
        groups(groups_),
        eps(eps_) {
    if (width % groups) throw argument_error(str(groups, " groups don't divide ", width, " channels"));
  }
  Tensor operator()(const Tensor& x) const { return ops::group_norm(x, groups, weight, bias, eps); }
  Tensor weight, bias;
  int64_t groups = 1;
  double eps = 1e-5;
};

struct ConvOptions {
  std::vector<int64_t> kernel = {3}, stride = {1}, padding = {0}, dilation = {1};  // one number stands for all axes
  int64_t groups = 1;
  bool bias = true;
  std::string init = kKaiming, bias_init = {};
  std::string on_resize = {};  // of the weight; "inflate(dim=2)": a kernel of pictures is repeated over time
};
template <int D>
struct Conv : Module {  // [B, in, (T,) H, W] -> [B, out, ...]
  static_assert(D == 2 || D == 3);
  Conv() = default;
  Conv(const Scope& scope_, int64_t in, int64_t out, const ConvOptions& o_) : Module(scope_), o(o_) {
    if (in % o.groups || out % o.groups) throw argument_error(str(o.groups, " groups don't divide ", in, " and ", out));
    std::vector<int64_t> shape = {out, in / o.groups};
    int64_t fan_in = in / o.groups;
    for (auto* list : {&o.kernel, &o.stride, &o.padding, &o.dilation}) {
      if (list->size() == 1) list->resize(D, list->front());
      if (list->size() != D)
        throw argument_error(str("a ", D, "-D convolution takes 1 or ", D, " numbers, got ", text(*list)));
    }
    for (const int64_t k : o.kernel) shape.push_back(k), fan_in *= k;
    weight = weight_param(shape, o.init, o.on_resize);
    if (o.bias) bias = bias_param(out, fan_in, o.bias_init);
  }
  Tensor operator()(const Tensor& x) const {
    if constexpr (D == 2)
      return ops::conv2d(x, weight, bias, o.stride, o.padding, o.dilation, o.groups);
    else
      return sees_one_frame(x) ? on_one_frame(x)
                               : ops::conv3d(x, weight, bias, o.stride, o.padding, o.dilation, o.groups);
  }
  ConvOptions o;
  Tensor weight, bias;

 private:
  // Note [Single frames]: a kernel over one frame meets it with one slice, the rest lies on padding. LibTorch's conv3d
  // takes longer over that, and in bf16 on the CPU its result is wrong (seen in 2.11).
  bool sees_one_frame(const Tensor& x) const {
    const int64_t reach = o.dilation[0] * (o.kernel[0] - 1), outputs = (2 * o.padding[0] - reach) / o.stride[0] + 1;
    return x.size(2) == 1 && outputs == 1 && o.padding[0] <= reach && o.padding[0] % o.dilation[0] == 0;
  }
  Tensor on_one_frame(const Tensor& x) const {
    const Tensor slice = weight.select(2, o.padding[0] / o.dilation[0]);
    return ops::conv2d(x.squeeze(2), slice, bias, {o.stride[1], o.stride[2]}, {o.padding[1], o.padding[2]},
                       {o.dilation[1], o.dilation[2]}, o.groups)
        .unsqueeze(2);
  }
};
using Conv2d = Conv<2>;
using Conv3d = Conv<3>;

struct BatchNorm : Module {  // over axis 1
  BatchNorm() = default;
  BatchNorm(const Scope& scope_, int64_t width, double eps_ = 1e-5, double momentum_ = 0.1)
      : Module(scope_),
        weight(scope.param("weight", {width}, {.init = "ones", .no_decay = true})),
        bias(scope.param("bias", {width}, {.no_decay = true})),
        running_mean(scope.param("running_mean", {width}, {.role = VH_BUFFER})),
        running_var(scope.param("running_var", {width}, {.init = "ones", .role = VH_BUFFER})),
        eps(eps_),
        momentum(momentum_) {}
  Tensor operator()(const Tensor& x, bool train) const {
    return ops::batch_norm(x, weight, bias, running_mean, running_var, train, momentum, eps, /*cudnn_enabled=*/true);
  }
  Tensor weight, bias, running_mean, running_var;
  double eps = 1e-5, momentum = 0.1;
};

struct Dropout {
  double p = 0;
  Tensor operator()(const Tensor& x, bool train) const { return train && p > 0 ? ops::dropout(x, p, true) : x; }
};

// Stochastic depth: zeroes whole samples of a residual branch (Huang et al.,
// "Deep Networks with Stochastic Depth", 2016).
struct DropPath {
  double p = 0;
  Tensor operator()(const Tensor& x, bool train) const {  // [B, ...]
    if (!train || p <= 0) return x;
    std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
    shape[0] = x.size(0);
    return x * (ops::bernoulli(ops::new_full(x, shape, 1 - p)) / (1 - p));
  }
};

struct Mlp : Module {  // [*, C] -> [*, C]
  Mlp() = default;
  Mlp(const Scope& scope_, int64_t width, int64_t hidden, double drop_ = 0, const LinearOptions& o = {})
      : Module(scope_), fc1(scope / "fc1", width, hidden, o), fc2(scope / "fc2", hidden, width, o), drop{drop_} {}
  Tensor operator()(const Tensor& x, bool train) const { return drop(fc2(drop(ops::gelu(fc1(x)), train)), train); }
  Linear fc1, fc2;
  Dropout drop;
};

// Self-attention (Vaswani et al., 2017), parameters "qkv.weight", "qkv.bias" or "q_bias" and "v_bias", "proj.*".
enum class QkvBias { none, all, qv };  // qv: none for keys, as in BEiT and VideoMAE
struct AttentionOptions {
  int64_t heads = 8;
  QkvBias qkv_bias = QkvBias::all;
  double attention_drop = 0, drop = 0;
  int64_t head_width = 0;  // 0 = width / heads
  LinearOptions linear = {};
};
struct Attention : Module {  // [B, N, C] -> [B, N, C]
  Attention() = default;
  Attention(const Scope& scope_, int64_t width, const AttentionOptions& o_) : Module(scope_), o(o_) {
    if (o.head_width == 0 && width % o.heads)
      throw argument_error(str("width ", width, " isn't divisible by ", o.heads, " heads"));
    if (o.head_width == 0) o.head_width = width / o.heads;
    const int64_t inner = o.heads * o.head_width;
    LinearOptions linear = o.linear;
    linear.bias = o.qkv_bias == QkvBias::all;
    qkv = Linear(scope / "qkv", width, 3 * inner, linear);
    if (o.qkv_bias == QkvBias::qv) {
      q_bias = scope.param("q_bias", {inner}, {.no_decay = true});
      v_bias = scope.param("v_bias", {inner}, {.no_decay = true});
    }
    linear.bias = true;
    proj = Linear(scope / "proj", inner, width, linear);
  }
  Tensor operator()(const Tensor& x, bool train) const {
    const int64_t b = x.size(0), n = x.size(1);
    const Tensor bias = q_bias.defined() ? ops::cat({q_bias, ops::zeros_like(v_bias), v_bias}) : qkv.bias;
    const Tensor all = ops::linear(x, qkv.weight, bias).view({b, n, 3, o.heads, o.head_width});
    std::vector<Tensor> part = ops::unbind(all, 2);      // split before the transposition: backward then copies once
    for (Tensor& one : part) one = one.transpose(1, 2);  // B x heads x N x head_width
    const Tensor y = ops::scaled_dot_product_attention(part[0], part[1], part[2], {}, train ? o.attention_drop : 0.0);
    return Dropout{o.drop}(proj(y.transpose(1, 2).reshape({b, n, o.heads * o.head_width})), train);
  }
  AttentionOptions o;
  Linear qkv, proj;
  Tensor q_bias, v_bias;
};

}  // namespace vh::nn
