// An operator as the gateway calls it: the live schema's arguments, each with the place of its value among the
// arguments of the schema that the caller was compiled against.
#pragma once
#include <ATen/core/dispatch/Dispatcher.h>

#include <memory>
#include <string>
#include <vector>

namespace vhost {

enum class ArgKind : uint8_t {
  kTensor,
  kTensors,
  kOptionalTensors,
  kInt,
  kFloat,
  kBool,
  kScalar,
  kInts,
  kFloats,
  kBools,
  kString,
  kDtype,
  kLayout,
  kMemoryFormat,
  kDevice,
  kGenerator,
};

struct OpArg {
  ArgKind kind;
  bool optional = false;
  bool has_default = false;
  int32_t broadcast = 1;  // N of int[N]: a single number is repeated so often
  int32_t source = -1;    // index among the compiled arguments; -1 = not known there
  c10::IValue value;      // the default
  std::string name, type;
};

enum class FlopRule : uint8_t {
  kNone,
  kLinear,
  kMatmul,
  kAddMatmul,
  kConvolution,
  kConvolutionTransposed,
  kAttention,
  kEinsum
};

}  // namespace vhost

struct vh_op {
  explicit vh_op(const c10::OperatorHandle& live) : handle(live) {}
  c10::OperatorHandle handle;
  std::string name;                         // "aten::add.Tensor"
  std::vector<vhost::OpArg> args;           // of the live schema
  std::vector<std::string> compiled_names;  // of the compiled schema
  std::vector<vhost::ArgKind> results;
  vhost::FlopRule flops = vhost::FlopRule::kNone;
};

namespace vhost {

// Throws Error naming operator and argument.
std::unique_ptr<vh_op> make_op(const std::string& compiled_schema);

FlopRule flop_rule(const std::string& operator_name);  // "aten::linear"
bool counting_flops();
// The call's stack before and after. Adds to FlopCounter.
void count_flops(const vh_op& op, const std::vector<c10::IValue>& arguments, const std::vector<c10::IValue>& results);
void count_kept(const at::Tensor& tensor);  // a result that passed by the gateway, as a checkpointed block's
// While it lives, results belong to a checkpointed block.
struct BlockCount {
  BlockCount();
  ~BlockCount();
};

}  // namespace vhost
