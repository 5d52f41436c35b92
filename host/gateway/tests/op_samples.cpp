#include "op_sample.h"

namespace op_sample {
namespace {

at::Generator& random() {
  static at::Generator generator = [] {
    at::Generator g = at::globalContext().defaultGenerator(at::kCPU).clone();
    g.set_current_seed(20);
    return g;
  }();
  return generator;
}

Arg plain(uint32_t tag, c10::IValue direct) {
  Arg arg;
  arg.value.tag = tag;
  arg.direct = std::move(direct);
  return arg;
}

}  // namespace

Arg tensor(at::Tensor value) {
  Arg arg;
  arg.kind = Arg::kTensor;
  arg.tensors = {std::move(value)};
  return arg;
}
Arg T(std::vector<int64_t> sizes) {
  return tensor(at::randn(sizes, random()));
}
Arg P(std::vector<int64_t> sizes) {
  return tensor(at::rand(sizes, random()).add_(0.5));
}
Arg X(std::vector<int64_t> sizes, int64_t n) {
  return tensor(at::randint(0, n, sizes, random(), at::kLong));
}
Arg M(std::vector<int64_t> sizes) {
  return tensor(at::rand(sizes, random()) < 0.5);
}

Arg constant(Arg arg) {
  arg.wants_grad = false;
  return arg;
}

Arg list(std::vector<std::vector<int64_t>> sizes) {
  Arg arg;
  arg.kind = Arg::kTensors;
  for (const auto& s : sizes) arg.tensors.push_back(at::randn(s, random()));
  return arg;
}
Arg indices(std::vector<at::Tensor> tensors) {
  Arg arg;
  arg.kind = Arg::kOptionalTensors;
  arg.tensors = std::move(tensors);
  return arg;
}

Arg I(int64_t value) {
  Arg arg = plain(VH_INT, value);
  arg.value.v.i = value;
  return arg;
}
Arg D(double value) {
  Arg arg = plain(VH_DOUBLE, value);
  arg.value.v.d = value;
  return arg;
}
Arg B(bool value) {
  Arg arg = plain(VH_BOOLEAN, value);
  arg.value.v.i = value;
  return arg;
}
Arg S(const char* text) {
  Arg arg = plain(VH_STRING, std::string(text));
  arg.text = text;
  return arg;
}
Arg L(std::vector<int64_t> values) {
  Arg arg = plain(VH_INTS, values);
  arg.ints = std::move(values);
  return arg;
}
Arg none() {
  return plain(VH_NONE, c10::IValue());
}
Arg dtype(int32_t number, at::ScalarType type) {
  Arg arg = plain(VH_DTYPE, type);
  arg.value.v.i = number;
  return arg;
}
Arg cpu() {
  Arg arg = plain(VH_DEVICE, at::Device(at::kCPU));
  arg.value.v.i = VH_CPU;
  return arg;
}
Arg format(int32_t number, at::MemoryFormat f) {
  Arg arg = plain(VH_INT, f);
  arg.value.v.i = number;
  return arg;
}
Arg generator() {
  return plain(VH_GENERATOR, c10::IValue());
}
Arg int_as_double(int64_t value) {
  Arg arg = plain(VH_INT, static_cast<double>(value));
  arg.value.v.i = value;
  return arg;
}
Arg int_as_list(int64_t value, std::vector<int64_t> values) {
  Arg arg = plain(VH_INT, std::move(values));
  arg.value.v.i = value;
  return arg;
}

namespace {

void arithmetic(std::vector<Sample>& rows) {
  for (const char* op : {"add.Tensor", "add_.Tensor", "sub.Tensor", "mul.Tensor", "mul_.Tensor", "div.Tensor",
                         "maximum", "minimum", "atan2", "hypot", "remainder.Tensor"})
    rows.push_back({std::string("aten::") + op, {T({2, 3}), P({2, 3})}});
  rows.push_back({"aten::add.Tensor", {T({4, 1, 3}), T({2, 3}), D(0.5)}});
  for (const char* op : {"add.Scalar", "add_.Scalar", "sub.Scalar", "rsub.Scalar", "mul.Scalar", "mul_.Scalar",
                         "div.Scalar", "remainder.Scalar", "pow.Tensor_Scalar"})
    for (Arg scalar : {I(2), D(1.25)}) rows.push_back({std::string("aten::") + op, {P({2, 3}), scalar}});
  rows.push_back({"aten::div.Tensor_mode", {T({2, 3}), P({3}), S("floor")}});
  rows.push_back({"aten::div.Tensor_mode", {T({2, 3}), P({3}), none()}});
  rows.push_back({"aten::div.Scalar_mode", {T({2, 3}), D(0.3), S("trunc")}});
  rows.push_back({"aten::pow.Tensor_Tensor", {P({2, 3}), T({2, 3})}});
  rows.push_back({"aten::addcmul", {T({2, 3}), T({2, 3}), T({2, 3}), D(0.1)}});
  rows.push_back({"aten::lerp.Tensor", {T({2, 3}), T({2, 3}), P({2, 3})}});
  rows.push_back({"aten::lerp.Scalar", {T({2, 3}), T({2, 3}), D(0.3)}});
  rows.push_back({"aten::lerp_.Scalar", {T({2, 3}), T({2, 3}), D(0.3)}});
}

void one_argument(std::vector<Sample>& rows) {
  for (const char* op :
       {"neg",        "abs",        "sign",      "square",    "exp",         "expm1", "sin",     "cos",  "erf",
        "floor",      "ceil",       "round",     "trunc",     "relu",        "silu",  "sigmoid", "tanh", "gelu",
        "leaky_relu", "softplus",   "isnan",     "isfinite",  "logical_not", "sum",   "mean",    "prod", "detach",
        "clone",      "zeros_like", "ones_like", "rand_like", "randn_like",  "t",     "zero_"})
    rows.push_back({std::string("aten::") + op, {T({3, 4})}});
  for (const char* op : {"reciprocal", "sqrt", "rsqrt", "log", "log1p", "log2"})
    rows.push_back({std::string("aten::") + op, {P({3, 4})}});
  rows.push_back({"aten::clamp", {T({3, 4}), D(-0.5), I(1)}});
  rows.push_back({"aten::clamp", {T({3, 4}), none(), D(0.2)}});
  rows.push_back({"aten::clamp.Tensor", {T({3, 4}), T({4}), none()}});
  rows.push_back({"aten::clamp_min", {T({3, 4}), I(0)}});
  rows.push_back({"aten::clamp_max", {T({3, 4}), D(0.1)}});
}

void choice(std::vector<Sample>& rows) {
  for (const char* op : {"eq", "ne", "lt", "le", "gt", "ge"}) {
    rows.push_back({std::string("aten::") + op + ".Tensor", {X({3, 4}, 3), X({3, 4}, 3)}});
    rows.push_back({std::string("aten::") + op + ".Scalar", {X({3, 4}, 3), I(1)}});
  }
  rows.push_back({"aten::logical_and", {M({3, 4}), M({3, 4})}});
  rows.push_back({"aten::logical_or", {M({3, 4}), M({3, 4})}});
  rows.push_back({"aten::where.self", {M({3, 4}), T({3, 4}), T({4})}});
  rows.push_back({"aten::where.ScalarOther", {M({3, 4}), T({3, 4}), D(-1.5)}});
  rows.push_back({"aten::masked_fill.Scalar", {T({3, 4}), M({3, 4}), I(0)}});
  rows.push_back({"aten::masked_fill.Tensor", {T({3, 4}), M({3, 4}), T({})}});
}

void reductions(std::vector<Sample>& rows) {
  rows.push_back({"aten::sum.dim_IntList", {T({3, 4}), L({0}), B(true)}});
  rows.push_back({"aten::sum.dim_IntList", {T({3, 4}), int_as_list(1, {1}), B(false), dtype(VH_F64, at::kDouble)}});
  rows.push_back({"aten::mean.dim", {T({3, 4, 2}), L({0, 2})}});
  rows.push_back({"aten::var.correction", {T({3, 4}), L({1}), I(0), B(true)}});
  rows.push_back({"aten::std.correction", {T({3, 4}), L({1}), I(1)}});
  rows.push_back({"aten::amax", {T({3, 4}), L({1})}});
  rows.push_back({"aten::amin", {T({3, 4})}});
  for (const char* op : {"max.dim", "min.dim", "argmax", "argmin", "cumsum"})
    rows.push_back({std::string("aten::") + op, {T({3, 4}), I(1)}});
  for (const char* op : {"any", "all"}) {
    rows.push_back({std::string("aten::") + op, {M({3, 4})}});
    rows.push_back({std::string("aten::") + op + ".dim", {M({3, 4}), I(0), B(true)}});
  }
  rows.push_back({"aten::logsumexp", {T({3, 4}), L({1})}});
  rows.push_back({"aten::linalg_vector_norm", {T({3, 4}), D(2), L({1}), B(true)}});
  rows.push_back({"aten::topk", {T({3, 6}), I(2)}});
  rows.push_back({"aten::sort", {T({3, 6}), I(-1), B(true)}});
  rows.push_back({"aten::argsort", {T({3, 6})}});
  rows.push_back({"aten::bincount", {X({20}, 5), none(), I(7)}});
}

void shapes(std::vector<Sample>& rows) {
  rows.push_back({"aten::reshape", {T({3, 4}), L({2, -1})}});
  rows.push_back({"aten::view", {T({3, 4}), L({2, 6})}});
  rows.push_back({"aten::view_as", {T({3, 4}), T({2, 6})}});
  rows.push_back({"aten::permute", {T({2, 3, 4}), L({2, 0, 1})}});
  rows.push_back({"aten::transpose.int", {T({2, 3, 4}), I(1), I(-1)}});
  rows.push_back({"aten::flatten.using_ints", {T({2, 3, 4}), I(1)}});
  rows.push_back({"aten::unflatten.int", {T({2, 12}), I(1), L({3, 4})}});
  rows.push_back({"aten::squeeze.dim", {T({2, 1, 4}), I(1)}});
  rows.push_back({"aten::unsqueeze", {T({2, 4}), I(1)}});
  rows.push_back({"aten::expand", {T({1, 4}), L({3, -1})}});
  rows.push_back({"aten::expand_as", {T({1, 4}), T({3, 4})}});
  rows.push_back({"aten::repeat", {T({2, 3}), L({2, 1, 2})}});
  rows.push_back({"aten::repeat_interleave.self_int", {T({2, 3}), I(2), I(0)}});
  rows.push_back({"aten::flip", {T({2, 3}), L({0, 1})}});
  rows.push_back({"aten::roll", {T({2, 3}), L({1}), L({1})}});
  rows.push_back({"aten::movedim.int", {T({2, 3, 4}), I(0), I(2)}});
  rows.push_back({"aten::contiguous", {T({2, 3, 4, 5}), format(VH_CHANNELS_LAST, at::MemoryFormat::ChannelsLast)}});
  rows.push_back({"aten::clone", {T({2, 3, 4, 5}), format(VH_CHANNELS_LAST, at::MemoryFormat::ChannelsLast)}});
  rows.push_back({"aten::unfold", {T({2, 8}), I(1), I(3), I(2)}});
  rows.push_back({"aten::im2col", {T({2, 3, 6, 6}), L({2, 2}), L({1, 1}), L({0, 0}), int_as_list(2, {2, 2})}});
  rows.push_back({"aten::col2im", {T({2, 12, 9}), L({6, 6}), L({2, 2}), L({1, 1}), L({0, 0}), L({2, 2})}});
  rows.push_back({"aten::pad", {T({2, 3}), L({1, 2}), S("constant"), int_as_double(3)}});
  rows.push_back({"aten::pixel_shuffle", {T({1, 8, 2, 2}), I(2)}});
  rows.push_back({"aten::tril", {T({4, 4}), I(-1)}});
  rows.push_back({"aten::triu", {T({4, 4})}});
  rows.push_back({"aten::diagonal", {T({4, 4}), I(1)}});
  rows.push_back({"aten::cat", {list({{2, 3}, {1, 3}}), I(0)}});
  rows.push_back({"aten::stack", {list({{2, 3}, {2, 3}}), I(1)}});
  rows.push_back({"aten::split.Tensor", {T({5, 2}), I(2)}});
  rows.push_back({"aten::split_with_sizes", {T({5, 2}), L({1, 4})}});
  rows.push_back({"aten::chunk", {T({5, 2}), I(3)}});
  rows.push_back({"aten::unbind.int", {T({3, 2}), I(1)}});
  rows.push_back({"aten::meshgrid.indexing", {list({{3}, {2}}), S("ij")}});
}

void indexing(std::vector<Sample>& rows) {
  const at::Tensor some = at::tensor({2, 0, 1}, at::kLong);
  rows.push_back({"aten::select.int", {T({3, 4}), I(0), I(-1)}});
  rows.push_back({"aten::narrow", {T({3, 4}), I(1), I(1), I(2)}});
  rows.push_back({"aten::slice.Tensor", {T({3, 8}), I(1), I(1), none(), I(3)}});
  rows.push_back({"aten::index.Tensor", {T({3, 4}), indices({some})}});
  rows.push_back({"aten::index.Tensor", {T({2, 3, 4}), indices({at::Tensor(), some})}});
  rows.push_back({"aten::index_put", {T({3, 4}), indices({some}), T({3, 4}), B(true)}});
  rows.push_back({"aten::index_select", {T({3, 4}), I(0), tensor(some)}});
  rows.push_back({"aten::index_add", {T({3, 4}), I(0), tensor(some), T({3, 4}), D(0.5)}});
  rows.push_back({"aten::index_copy_", {T({3, 4}), I(0), tensor(some), T({3, 4})}});
  rows.push_back({"aten::gather", {T({3, 4}), I(1), X({3, 2}, 4)}});
  rows.push_back(
      {"aten::scatter.src", {T({3, 4}), I(0), tensor(some.reshape({1, 3}).expand({1, 3}).contiguous()), T({1, 3})}});
  rows.push_back({"aten::scatter.value", {T({3, 4}), I(1), X({3, 1}, 4), D(2.5)}});
  rows.push_back({"aten::scatter_add", {T({3, 4}), I(1), X({3, 2}, 4), T({3, 2})}});
  rows.push_back({"aten::take_along_dim", {T({3, 4}), X({3, 2}, 4), I(1)}});
  rows.push_back({"aten::one_hot", {X({5}, 3), I(4)}});
  rows.push_back({"aten::embedding", {T({6, 3}), X({2, 4}, 6)}});
}

void new_tensors(std::vector<Sample>& rows) {
  const Arg f64 = dtype(VH_F64, at::kDouble);
  rows.push_back({"aten::to.dtype", {T({2, 3}), dtype(VH_BF16, at::kBFloat16)}});
  rows.push_back({"aten::to.device", {T({2, 3}), cpu(), f64}});
  rows.push_back({"aten::to.other", {T({2, 3}), tensor(at::zeros({1}, at::kDouble))}});
  rows.push_back({"aten::type_as", {T({2, 3}), tensor(at::zeros({1}, at::kDouble))}});
  rows.push_back({"aten::copy_", {T({2, 3}), T({3})}});
  rows.push_back({"aten::fill_.Scalar", {T({2, 3}), D(0.5)}});
  rows.push_back({"aten::zeros", {L({2, 3}), f64, none(), cpu()}});
  rows.push_back({"aten::ones", {L({2, 3})}});
  rows.push_back({"aten::full", {L({2, 3}), I(3), dtype(VH_I32, at::kInt)}});
  rows.push_back({"aten::eye", {I(3)}});
  rows.push_back({"aten::arange.start", {I(2), I(7)}});
  rows.push_back({"aten::arange.start", {D(0.5), I(4), f64}});
  rows.push_back({"aten::linspace", {I(0), I(1), I(5)}});
  rows.push_back({"aten::rand.generator", {L({2, 3}), generator()}});
  rows.push_back({"aten::randn.generator", {L({2, 3}), generator(), f64}});
  rows.push_back({"aten::randint.low_generator", {I(2), I(9), L({7}), generator()}});
  rows.push_back({"aten::randperm.generator", {I(9), generator()}});
  rows.push_back({"aten::full_like", {T({2, 3}), D(1.5)}});
  rows.push_back({"aten::new_zeros", {T({2, 3}), L({4})}});
  rows.push_back({"aten::new_ones", {T({2, 3}), L({4}), f64}});
  rows.push_back({"aten::new_full", {T({2, 3}), L({4}), I(2)}});
  rows.push_back({"aten::new_empty", {T({2, 3}), L({4, 2})}, Sample::kShapes});
  rows.push_back({"aten::bernoulli", {tensor(at::full({3, 4}, 0.5)), generator()}});
}

void products(std::vector<Sample>& rows) {
  rows.push_back({"aten::matmul", {T({2, 3, 4}), T({4, 5})}});
  rows.push_back({"aten::mm", {T({3, 4}), T({4, 5})}});
  rows.push_back({"aten::bmm", {T({2, 3, 4}), T({2, 4, 5})}});
  rows.push_back({"aten::addmm", {T({5}), T({3, 4}), T({4, 5}), D(0.5), I(2)}});
  rows.push_back({"aten::baddbmm", {T({2, 3, 5}), T({2, 3, 4}), T({2, 4, 5})}});
  rows.push_back({"aten::linear", {T({2, 3, 4}), T({5, 4}), T({5})}});
  rows.push_back({"aten::linear", {T({2, 4}), T({5, 4}), none()}});
  rows.push_back({"aten::einsum", {S("bij,bjk->bik"), list({{2, 3, 4}, {2, 4, 5}})}});
  rows.push_back({"aten::cosine_similarity", {T({3, 4}), T({3, 4}), I(1)}});
  rows.push_back({"aten::scaled_dot_product_attention", {T({2, 2, 5, 8}), T({2, 2, 6, 8}), T({2, 2, 6, 8})}});
  rows.push_back({"aten::scaled_dot_product_attention",
                  {T({2, 2, 5, 8}), T({2, 2, 5, 8}), T({2, 2, 5, 8}), none(), D(0), B(true), D(0.25)}});
  rows.push_back({"aten::cross_entropy_loss", {T({4, 5}), X({4}, 5), none(), I(2), I(-100), D(0.1)}});
  rows.push_back({"aten::nll_loss_nd", {T({4, 5}), X({4}, 5), constant(P({5})), I(1)}});
  for (const char* op : {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div"})
    rows.push_back({std::string("aten::") + op, {T({3, 4}), P({3, 4}), I(2)}});
  rows.push_back({"aten::huber_loss", {T({3, 4}), T({3, 4}), I(1), int_as_double(2)}});
  rows.push_back({"aten::binary_cross_entropy_with_logits", {T({3, 4}), P({3, 4}), none(), constant(P({4}))}});
}

void layers(std::vector<Sample>& rows) {
  rows.push_back({"aten::layer_norm", {T({2, 3, 4}), L({4}), T({4}), T({4}), D(1e-6)}});
  rows.push_back(
      {"aten::batch_norm",
       {T({4, 3, 2}), T({3}), T({3}), constant(T({3})), constant(P({3})), B(false), D(0.1), D(1e-5), B(true)}});
  rows.push_back(
      {"aten::batch_norm", {T({4, 3, 2}), T({3}), none(), none(), none(), B(true), D(0.1), D(1e-5), B(true)}});
  rows.push_back({"aten::group_norm", {T({2, 4, 3}), I(2), T({4}), T({4})}});
  rows.push_back({"aten::conv1d", {T({2, 3, 8}), T({4, 3, 3}), T({4}), L({2}), L({1})}});
  rows.push_back(
      {"aten::conv2d", {T({2, 4, 6, 6}), T({4, 1, 3, 3}), none(), int_as_list(1, {1, 1}), L({1, 1}), L({1, 1}), I(4)}});
  rows.push_back({"aten::conv3d", {T({1, 3, 4, 6, 6}), T({4, 3, 2, 3, 3}), T({4}), L({2, 3, 3})}});
  rows.push_back({"aten::conv_transpose1d", {T({2, 3, 5}), T({3, 4, 3}), T({4}), L({2})}});
  rows.push_back({"aten::conv_transpose2d.input", {T({1, 3, 4, 4}), T({3, 2, 2, 2}), none(), L({2, 2})}});
  rows.push_back({"aten::conv_transpose3d.input", {T({1, 2, 3, 3, 3}), T({2, 2, 2, 2, 2}), T({2}), L({2, 2, 2})}});
  rows.push_back({"aten::max_pool2d", {T({1, 2, 6, 6}), L({2, 2})}});
  rows.push_back({"aten::max_pool3d", {T({1, 2, 4, 6, 6}), L({2, 2, 2}), L({1, 2, 2})}});
  rows.push_back({"aten::avg_pool2d", {T({1, 2, 6, 6}), int_as_list(3, {3, 3}), L({2, 2}), L({1, 1})}});
  rows.push_back({"aten::avg_pool3d", {T({1, 2, 4, 6, 6}), L({2, 2, 2})}});
  rows.push_back({"aten::adaptive_avg_pool1d", {T({1, 2, 7}), L({3})}});
  rows.push_back({"aten::adaptive_avg_pool2d", {T({1, 2, 7, 7}), L({3, 2})}});
  rows.push_back({"aten::adaptive_avg_pool3d", {T({1, 2, 4, 7, 7}), int_as_list(1, {1, 1, 1})}});
  rows.push_back({"aten::upsample_nearest1d", {T({1, 2, 5}), L({8})}});
  rows.push_back({"aten::upsample_nearest2d", {T({1, 2, 5, 5}), L({8, 7})}});
  rows.push_back({"aten::upsample_nearest3d", {T({1, 2, 3, 4, 4}), L({6, 8, 8})}});
  rows.push_back({"aten::upsample_linear1d", {T({1, 2, 5}), L({8}), B(false)}});
  rows.push_back({"aten::upsample_bilinear2d", {T({1, 2, 5, 5}), L({8, 7}), B(true)}});
  rows.push_back({"aten::upsample_bicubic2d", {T({1, 2, 5, 5}), L({8, 7}), B(false), D(1.6), D(1.4)}});
  rows.push_back({"aten::upsample_trilinear3d", {T({1, 2, 3, 4, 4}), L({5, 6, 6}), B(false)}});
  rows.push_back({"aten::grid_sampler", {T({1, 2, 5, 5}), T({1, 3, 3, 2}), I(0), I(0), B(false)}});
  rows.push_back({"aten::gelu", {T({3, 4}), S("tanh")}});
  rows.push_back({"aten::leaky_relu", {T({3, 4}), D(0.2)}});
  rows.push_back({"aten::softplus", {T({3, 4}), I(2), I(10)}});
  rows.push_back({"aten::glu", {T({3, 4}), I(1)}});
  rows.push_back({"aten::softmax.int", {T({3, 4}), I(-1)}});
  rows.push_back({"aten::log_softmax.int", {T({3, 4}), I(0), dtype(VH_F64, at::kDouble)}});
  rows.push_back({"aten::dropout", {T({8, 8}), D(0.5), B(true)}});
}

}  // namespace

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all = [] {
    std::vector<Sample> rows;
    for (const auto add :
         {arithmetic, one_argument, choice, reductions, shapes, indexing, new_tensors, products, layers})
      add(rows);
    return rows;
  }();
  return all;
}

}  // namespace op_sample
