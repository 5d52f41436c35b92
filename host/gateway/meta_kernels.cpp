// Kernels for the meta device that LibTorch itself lacks. Note [Meta kernels]
// PyTorch keeps many of its shape rules in Python (torch/_meta_registrations.py), so C++ alone can't run layer_norm, a
// convolution or attention on meta tensors. The few that a model spends its time in get a rule of their own here; the
// rest run on the CPU on zeros of one element, expanded, which costs time and the results' memory, but none for the
// inputs. A kernel that a later LibTorch brings along is left alone.
#include "gateway/meta_kernels.h"

#include <ATen/ExpandUtils.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <tuple>

#include "base/error.h"

namespace vhost {
namespace {

using Stack = std::vector<c10::IValue>;

at::TensorOptions meta(at::ScalarType type) {
  return at::TensorOptions(type).device(at::kMeta);
}
at::Tensor meta_like(const at::Tensor& t) {
  return at::empty(t.sizes(), meta(t.scalar_type()));
}

at::Tensor same(const at::Tensor& self) {
  return at::empty_like(self);
}
at::Tensor same_bool(const at::Tensor& self) {
  return at::empty_like(self, meta(at::kBool));
}
at::Tensor broadcast_bool(const at::Tensor& self, const at::Tensor& other) {
  return at::empty(at::infer_size(self.sizes(), other.sizes()), meta(at::kBool));
}
at::Tensor where_self(const at::Tensor& condition, const at::Tensor& self, const at::Tensor& other) {
  const auto sizes = at::infer_size(at::infer_size(condition.sizes(), self.sizes()), other.sizes());
  return at::empty(sizes, meta(at::result_type(self, other)));
}
at::Tensor& where_self_out(const at::Tensor& condition, const at::Tensor& self, const at::Tensor& other,
                           at::Tensor& out) {
  out.resize_(where_self(condition, self, other).sizes());
  return out;
}
at::Tensor& broadcast_out(const at::Tensor& self, const at::Tensor& other, at::Tensor& out) {
  out.resize_(at::infer_size(self.sizes(), other.sizes()));
  return out;
}
at::Tensor flip(const at::Tensor& self, at::IntArrayRef) {
  return meta_like(self);
}
at::Tensor roll(const at::Tensor& self, at::IntArrayRef, at::IntArrayRef) {
  return meta_like(self);
}

at::Tensor index_select(const at::Tensor& self, int64_t dim, const at::Tensor& index) {
  std::vector<int64_t> sizes = self.sizes().vec();
  if (!sizes.empty()) sizes[static_cast<size_t>(at::maybe_wrap_dim(dim, self.dim()))] = index.numel();
  return at::empty(sizes, meta(self.scalar_type()));
}

using Three = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

Three layer_norm(const at::Tensor& input, at::IntArrayRef normalized, const std::optional<at::Tensor>&,
                 const std::optional<at::Tensor>&, double) {
  TORCH_CHECK(input.dim() >= static_cast<int64_t>(normalized.size()) &&
                  input.sizes().slice(static_cast<size_t>(input.dim()) - normalized.size()) == normalized,
              "Given normalized_shape=", normalized, ", but got input of size", input.sizes());
  std::vector<int64_t> rows = input.sizes().vec();
  for (size_t i = rows.size() - normalized.size(); i < rows.size(); ++i) rows[i] = 1;
  const bool half = input.scalar_type() == at::kHalf || input.scalar_type() == at::kBFloat16;
  const auto statistics = meta(half ? at::kFloat : input.scalar_type());
  return {meta_like(input), at::empty(rows, statistics), at::empty(rows, statistics)};
}

at::Tensor if_wanted(bool wanted, const at::Tensor& like) {
  return wanted && like.defined() ? meta_like(like) : at::Tensor();
}

Three layer_norm_backward(const at::Tensor&, const at::Tensor& input, at::IntArrayRef, const at::Tensor&,
                          const at::Tensor&, const std::optional<at::Tensor>& weight,
                          const std::optional<at::Tensor>& bias, std::array<bool, 3> wanted) {
  return {if_wanted(wanted[0], input), if_wanted(wanted[1], weight.value_or(at::Tensor())),
          if_wanted(wanted[2], bias.value_or(at::Tensor()))};
}

Three group_norm(const at::Tensor& input, const std::optional<at::Tensor>&, const std::optional<at::Tensor>&, int64_t n,
                 int64_t, int64_t, int64_t groups, double) {
  const auto statistics = at::empty({n, groups}, meta(input.scalar_type()));
  return {meta_like(input), statistics, at::empty_like(statistics)};
}

Three group_norm_backward(const at::Tensor&, const at::Tensor& input, const at::Tensor&, const at::Tensor&,
                          const std::optional<at::Tensor>&, int64_t, int64_t channels, int64_t, int64_t,
                          std::array<bool, 3> wanted) {
  const auto per_channel = [&](bool want) {
    return want ? at::empty({channels}, meta(input.scalar_type())) : at::Tensor();
  };
  return {if_wanted(wanted[0], input), per_channel(wanted[1]), per_channel(wanted[2])};
}

int64_t at_axis(at::IntArrayRef list, size_t i) {
  return list.size() == 1 ? list[0] : list[i];
}

at::Tensor convolution(const at::Tensor& input, const at::Tensor& weight, const std::optional<at::Tensor>&,
                       at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation, bool transposed,
                       at::IntArrayRef output_padding, int64_t groups) {
  const int64_t channels = transposed ? weight.size(0) : weight.size(1) * groups;
  TORCH_CHECK(input.dim() == weight.dim() && input.size(1) == channels, "weight of size ", weight.sizes(), " expects ",
              channels, " input channels, but got input of size ", input.sizes());
  std::vector<int64_t> sizes = {input.size(0), transposed ? weight.size(1) * groups : weight.size(0)};
  for (int64_t axis = 2; axis < input.dim(); ++axis) {
    const auto i = static_cast<size_t>(axis - 2);
    const int64_t reach = at_axis(dilation, i) * (weight.size(axis) - 1), pad = 2 * at_axis(padding, i);
    sizes.push_back(transposed
                        ? (input.size(axis) - 1) * at_axis(stride, i) - pad + reach + at_axis(output_padding, i) + 1
                        : (input.size(axis) + pad - reach - 1) / at_axis(stride, i) + 1);
    TORCH_CHECK(sizes.back() > 0 && input.size(axis) + pad > reach, "kernel ", weight.sizes().slice(2),
                " is larger than the padded input ", input.sizes().slice(2));
  }
  return at::empty(sizes, meta(input.scalar_type()));
}

Three convolution_backward(const at::Tensor& grad, const at::Tensor& input, const at::Tensor& weight, at::IntArrayRef,
                           at::IntArrayRef, at::IntArrayRef, bool, at::IntArrayRef, int64_t,
                           std::array<bool, 3> wanted) {
  return {if_wanted(wanted[0], input), if_wanted(wanted[1], weight),
          wanted[2] ? at::empty({grad.size(1)}, meta(grad.scalar_type())) : at::Tensor()};
}

at::Tensor mse_loss_backward(const at::Tensor&, const at::Tensor& self, const at::Tensor&, int64_t) {
  return meta_like(self);
}
at::Tensor smooth_l1_loss_backward(const at::Tensor&, const at::Tensor& self, const at::Tensor&, int64_t, double) {
  return meta_like(self);
}

at::Tensor spread(const at::Tensor& self, at::OptionalIntArrayRef dim, const std::optional<at::Scalar>&, bool keepdim) {
  std::vector<bool> reduced(static_cast<size_t>(self.dim()), !dim || dim->empty());
  if (dim)
    for (const int64_t axis : *dim) reduced[static_cast<size_t>(at::maybe_wrap_dim(axis, self.dim()))] = true;
  std::vector<int64_t> sizes;
  for (size_t axis = 0; axis < reduced.size(); ++axis)
    if (!reduced[axis] || keepdim) sizes.push_back(reduced[axis] ? 1 : self.size(static_cast<int64_t>(axis)));
  return at::empty(sizes, meta(self.scalar_type()));
}

// ---- the rest: on the CPU ----

at::Tensor zeros_on_cpu(const at::Tensor& t) {
  return t.defined() ? at::zeros({}, at::TensorOptions(t.scalar_type())).expand(t.sizes()) : t;
}
at::Tensor to_meta(const at::Tensor& t) {
  return t.defined() ? at::empty_strided(t.sizes(), t.strides(), meta(t.scalar_type())) : t;
}

template <class Change>
c10::IValue changed(const c10::IValue& value, Change change) {
  if (value.isTensor()) return change(value.toTensor());
  if (value.isDevice() && value.toDevice().is_meta()) return at::Device(at::kCPU);
  if (!value.isTensorList()) return value;
  std::vector<at::Tensor> list = value.toTensorVector();
  for (at::Tensor& t : list) t = change(t);
  return list;
}

void run_on_cpu(const c10::OperatorHandle& op, Stack* stack) {
  const size_t n = op.schema().arguments().size();
  const size_t first = stack->size() - n;
  Stack arguments;
  for (size_t i = 0; i < n; ++i) arguments.push_back(changed((*stack)[first + i], zeros_on_cpu));
  stack->resize(first);
  op.callBoxed(arguments);
  for (const c10::IValue& result : arguments) stack->push_back(changed(result, to_meta));
}

constexpr const char* kOnCpu[] = {
    "_adaptive_avg_pool2d",
    "_adaptive_avg_pool2d_backward",
    "_adaptive_avg_pool3d",
    "_adaptive_avg_pool3d_backward",
    "bincount",
    "col2im",
    "embedding_dense_backward",
    "glu_backward",
    "grid_sampler_2d",
    "grid_sampler_2d_backward",
    "grid_sampler_3d",
    "grid_sampler_3d_backward",
    "huber_loss",
    "im2col",
    "log_sigmoid_backward",
    "log_sigmoid_forward",
    "max_pool2d_with_indices_backward",
    "max_pool3d_with_indices",
    "max_pool3d_with_indices_backward",
    "native_batch_norm",
    "native_batch_norm_backward",
    "prod",
    "prod.dim_int",
    "unfold_backward",
};

bool lacks_meta_kernel(const char* text) {
  const std::string full(text);
  const size_t dot = full.find('.');
  const c10::OperatorName name("aten::" + full.substr(0, dot), dot == std::string::npos ? "" : full.substr(dot + 1));
  const auto op = c10::Dispatcher::singleton().findSchema(name);
  return op && !op->hasKernelForDispatchKey(c10::DispatchKey::Meta);
}

}  // namespace

void register_meta_kernels() {
  // Leaked: a Library takes its kernels away when it dies.
  static auto* library = new torch::Library(torch::Library::IMPL, "aten", c10::DispatchKey::Meta, __FILE__, __LINE__);
  const auto add = [](const char* name, auto kernel) {
    if (lacks_meta_kernel(name)) library->impl(name, std::move(kernel));
  };
  for (const char* name : {"abs", "relu"}) add(name, TORCH_FN(same));
  for (const char* name : {"isnan", "logical_not"}) add(name, TORCH_FN(same_bool));
  for (const char* name : {"logical_and", "logical_or"}) add(name, TORCH_FN(broadcast_bool));
  add("where.self", TORCH_FN(where_self));
  add("where.self_out", TORCH_FN(where_self_out));
  for (const char* name : {"logical_and.out", "logical_or.out"}) add(name, TORCH_FN(broadcast_out));
  add("native_group_norm", TORCH_FN(group_norm));
  add("native_group_norm_backward", TORCH_FN(group_norm_backward));
  add("flip", TORCH_FN(flip));
  add("roll", TORCH_FN(roll));
  add("index_select", TORCH_FN(index_select));
  add("native_layer_norm", TORCH_FN(layer_norm));
  add("native_layer_norm_backward", TORCH_FN(layer_norm_backward));
  add("convolution_overrideable", TORCH_FN(convolution));
  add("convolution_backward_overrideable", TORCH_FN(convolution_backward));
  add("mse_loss_backward", TORCH_FN(mse_loss_backward));
  for (const char* name : {"huber_loss_backward", "smooth_l1_loss_backward"})
    add(name, TORCH_FN(smooth_l1_loss_backward));
  for (const char* name : {"std.correction", "var.correction"}) add(name, TORCH_FN(spread));
  for (const char* name : kOnCpu) add(name, torch::CppFunction::makeFromBoxedFunction<&run_on_cpu>());
}

}  // namespace vhost
