// 2 operations per multiply-add; additions of a bias are not counted.
#include <atomic>
#include <unordered_map>

#include "gateway/internal.h"
#include "gateway/op_schema.h"

namespace vhost {
namespace {

std::atomic<bool> active{false};
std::atomic<int64_t> total{0}, kept{0}, in_block{0}, largest_block{0};
std::atomic<bool> counts_block{false};

using Stack = std::vector<c10::IValue>;

const at::Tensor& tensor_at(const Stack& stack, size_t i) {
  return stack[i].toTensor();
}

int64_t product(at::IntArrayRef sizes) {
  int64_t n = 1;
  for (const int64_t size : sizes) n *= size;
  return n;
}

// Every element of the result is a dot product over the last axis of the left factor.
int64_t matmul_flops(const at::Tensor& left, const at::Tensor& result) {
  return left.dim() ? 2 * result.numel() * left.size(-1) : 0;
}

// Weight [out, in / groups, kernel...]: each output element sums over all but the first axis.
int64_t convolution_flops(const at::Tensor& weight, const at::Tensor& result) {
  return 2 * result.numel() * product(weight.sizes().slice(1));
}

// Weight [in, out / groups, kernel...]: each input element is spread over all but the first axis.
int64_t transposed_flops(const at::Tensor& input, const at::Tensor& weight) {
  return 2 * input.numel() * product(weight.sizes().slice(1));
}

int64_t attention_flops(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value) {
  const int64_t rows = query.size(-1) ? query.numel() / query.size(-1) : 0;
  return 2 * rows * key.size(-2) * (query.size(-1) + value.size(-1));
}

// The product of all labels' extents, twice: one contraction over everything. "..." counts as its own axes.
int64_t einsum_flops(const std::string& equation, const std::vector<at::Tensor>& operands) {
  std::unordered_map<char, int64_t> extent;
  size_t operand = 0;
  int64_t ellipsis = 1, axis = 0;
  for (size_t i = 0; i < equation.size() && operand < operands.size() && equation[i] != '-'; ++i) {
    const at::Tensor& tensor = operands[operand];
    if (equation[i] == ',') {
      ++operand;
      axis = 0;
    } else if (equation[i] == '.') {
      size_t end = equation.find_first_of(",-", i);
      if (end == std::string::npos) end = equation.size();
      int64_t named = 0;
      for (size_t k = i; k < end; ++k) named += std::isalpha(static_cast<unsigned char>(equation[k])) != 0;
      int64_t extents = 1;
      for (; axis < tensor.dim() - named; ++axis) extents *= tensor.size(axis);
      ellipsis = std::max(ellipsis, extents);
      i += 2;
    } else if (std::isalpha(static_cast<unsigned char>(equation[i])) && axis < tensor.dim()) {
      int64_t& size = extent[equation[i]];
      size = std::max(size, tensor.size(axis++));
    }
  }
  if (operands.size() < 2) return 0;
  int64_t n = 2 * ellipsis;
  for (const auto& [label, size] : extent) n *= size;
  return n;
}

int64_t flops_of(const vh_op& op, const Stack& arguments, const Stack& results) {
  switch (op.flops) {
    case FlopRule::kLinear:
    case FlopRule::kMatmul:
      return matmul_flops(tensor_at(arguments, 0), tensor_at(results, 0));
    case FlopRule::kAddMatmul:
      return matmul_flops(tensor_at(arguments, 1), tensor_at(results, 0));
    case FlopRule::kConvolution:
      if (op.name == "aten::convolution" && arguments[6].toBool())
        return transposed_flops(tensor_at(arguments, 0), tensor_at(arguments, 1));
      return convolution_flops(tensor_at(arguments, 1), tensor_at(results, 0));
    case FlopRule::kConvolutionTransposed:
      return transposed_flops(tensor_at(arguments, 0), tensor_at(arguments, 1));
    case FlopRule::kAttention:
      return attention_flops(tensor_at(arguments, 0), tensor_at(arguments, 1), tensor_at(arguments, 2));
    case FlopRule::kEinsum:
      return einsum_flops(arguments[0].toStringRef(), arguments[1].toTensorVector());
    case FlopRule::kNone:
      break;
  }
  return 0;
}

bool shares_memory(const at::Tensor& result, const Stack& arguments) {
  for (const c10::IValue& argument : arguments) {
    if (argument.isTensor() && argument.toTensor().defined() && result.is_alias_of(argument.toTensor())) return true;
    if (!argument.isTensorList()) continue;
    for (const at::Tensor& one : argument.toTensorVector())
      if (result.is_alias_of(one)) return true;
  }
  return false;
}

// In a checkpointed block nothing wants a gradient yet.
bool wanted(const at::Tensor& result) {
  return result.requires_grad() || (counts_block && result.is_floating_point());
}

int64_t bytes_for_backward(const c10::IValue& value, const Stack& arguments) {
  int64_t bytes = 0;
  if (value.isTensorList())
    for (const at::Tensor& one : value.toTensorVector()) bytes += bytes_for_backward(one, arguments);
  if (!value.isTensor()) return bytes;
  const at::Tensor& result = value.toTensor();
  if (result.defined() && wanted(result) && !shares_memory(result, arguments))
    bytes += static_cast<int64_t>(result.nbytes());
  return bytes;
}

}  // namespace

FlopRule flop_rule(const std::string& name) {
  static const std::unordered_map<std::string, FlopRule> rules = {
      {"aten::linear", FlopRule::kLinear},
      {"aten::mm", FlopRule::kMatmul},
      {"aten::bmm", FlopRule::kMatmul},
      {"aten::mv", FlopRule::kMatmul},
      {"aten::dot", FlopRule::kMatmul},
      {"aten::matmul", FlopRule::kMatmul},
      {"aten::addmm", FlopRule::kAddMatmul},
      {"aten::addmv", FlopRule::kAddMatmul},
      {"aten::baddbmm", FlopRule::kAddMatmul},
      {"aten::conv1d", FlopRule::kConvolution},
      {"aten::conv2d", FlopRule::kConvolution},
      {"aten::conv3d", FlopRule::kConvolution},
      {"aten::convolution", FlopRule::kConvolution},
      {"aten::conv_transpose1d", FlopRule::kConvolutionTransposed},
      {"aten::conv_transpose2d", FlopRule::kConvolutionTransposed},
      {"aten::conv_transpose3d", FlopRule::kConvolutionTransposed},
      {"aten::scaled_dot_product_attention", FlopRule::kAttention},
      {"aten::einsum", FlopRule::kEinsum},
  };
  const auto found = rules.find(name);
  return found == rules.end() ? FlopRule::kNone : found->second;
}

bool counting_flops() {
  return active.load(std::memory_order_relaxed);
}

void count_flops(const vh_op& op, const Stack& arguments, const Stack& results) {
  total.fetch_add(flops_of(op, arguments, results), std::memory_order_relaxed);
  for (const c10::IValue& result : results)
    (counts_block ? in_block : kept).fetch_add(bytes_for_backward(result, arguments), std::memory_order_relaxed);
}

BlockCount::BlockCount() {
  in_block = 0;
  counts_block = true;
}

BlockCount::~BlockCount() {
  counts_block = false;
  largest_block = std::max(largest_block.load(), in_block.load());
}

void count_kept(const at::Tensor& tensor) {
  if (counting_flops() && tensor.requires_grad()) kept.fetch_add(static_cast<int64_t>(tensor.nbytes()));
}

void FlopCounter::start() {
  total = kept = largest_block = 0;
  active = true;
}

int64_t FlopCounter::stop() {
  active = false;
  return total;
}

int64_t FlopCounter::so_far() {
  return total;
}

int64_t FlopCounter::activation_bytes() {
  return kept + largest_block;
}

}  // namespace vhost
