#include "gateway/op_schema.h"

#include <torch/csrc/jit/frontend/function_schema_parser.h>
#include <torch/version.h>

#include <optional>

#include "base/error.h"

namespace vhost {
namespace {

using c10::TypeKind;

std::optional<ArgKind> list_kind(const c10::Type& element) {
  switch (element.kind()) {
    case TypeKind::TensorType:
      return ArgKind::kTensors;
    case TypeKind::IntType:
    case TypeKind::SymIntType:
      return ArgKind::kInts;
    case TypeKind::FloatType:
      return ArgKind::kFloats;
    case TypeKind::BoolType:
      return ArgKind::kBools;
    case TypeKind::OptionalType:
      if (element.containedType(0)->kind() == TypeKind::TensorType) return ArgKind::kOptionalTensors;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<ArgKind> kind_of(const c10::Type& type) {
  switch (type.kind()) {
    case TypeKind::TensorType:
      return ArgKind::kTensor;
    case TypeKind::IntType:
    case TypeKind::SymIntType:
      return ArgKind::kInt;
    case TypeKind::FloatType:
      return ArgKind::kFloat;
    case TypeKind::BoolType:
      return ArgKind::kBool;
    case TypeKind::NumberType:
      return ArgKind::kScalar;
    case TypeKind::StringType:
      return ArgKind::kString;
    case TypeKind::ScalarTypeType:
      return ArgKind::kDtype;
    case TypeKind::LayoutType:
      return ArgKind::kLayout;
    case TypeKind::MemoryFormatType:
      return ArgKind::kMemoryFormat;
    case TypeKind::DeviceObjType:
      return ArgKind::kDevice;
    case TypeKind::GeneratorType:
      return ArgKind::kGenerator;
    case TypeKind::ListType:
      return list_kind(*type.containedType(0));
    default:
      return std::nullopt;
  }
}

// As schemas write it: "int[2]?".
std::string type_text(const c10::Argument& argument) {
  const c10::Type* type = argument.real_type().get();
  const bool optional = type->kind() == TypeKind::OptionalType;
  if (optional) type = type->containedType(0).get();
  std::string text = type->str();
  if (argument.N() && text.ends_with("[]")) text.insert(text.size() - 1, std::to_string(*argument.N()));
  if (text == "Scalar" || text == "number") text = "Scalar";
  if (text == "Device") text = "device";
  return optional ? text + "?" : text;
}

OpArg describe(const c10::Argument& argument) {
  OpArg arg{};
  const c10::TypePtr& type = argument.real_type();
  arg.optional = type->kind() == TypeKind::OptionalType;
  const c10::TypePtr& inner = arg.optional ? type->containedType(0) : type;
  arg.name = argument.name();
  arg.type = type_text(argument);
  const auto kind = kind_of(*inner);
  if (!kind) throw Error("argument '" + arg.name + "' has type " + arg.type + ", which vh_value can't carry");
  arg.kind = *kind;
  arg.source = -1;
  arg.broadcast = argument.N().value_or(1);
  if (argument.default_value()) {
    arg.has_default = true;
    arg.value = *argument.default_value();
  }
  return arg;
}

// Can a value written for `compiled` be converted to `live`?
bool convertible(ArgKind compiled, ArgKind live) {
  if (compiled == live) return true;
  switch (compiled) {
    case ArgKind::kInt:
      return live == ArgKind::kFloat || live == ArgKind::kScalar || live == ArgKind::kInts;
    case ArgKind::kFloat:
      return live == ArgKind::kScalar || live == ArgKind::kFloats;
    case ArgKind::kBool:
      return live == ArgKind::kScalar;
    case ArgKind::kInts:
      return live == ArgKind::kFloats || live == ArgKind::kBools;
    case ArgKind::kTensors:
      return live == ArgKind::kOptionalTensors;
    default:
      return false;
  }
}

const char* version() {
  return "LibTorch " TORCH_VERSION;
}

std::string overloads_text(const std::string& base) {
  std::string text;
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames())
    if (name.name == base) text += (text.empty() ? "" : ", ") + c10::toString(name);
  return text.empty() ? "no operator of this name" : text;
}

c10::OperatorHandle live_operator(const c10::FunctionSchema& compiled) {
  const auto found = c10::Dispatcher::singleton().findSchema(compiled.operator_name());
  if (!found) throw Error(std::string("not in ") + version() + ", which has " + overloads_text(compiled.name()));
  return *found;
}

// The live argument for compiled argument i: positional ones by position, keyword-only ones by name.
size_t live_index(const std::vector<c10::Argument>& live, const c10::Argument& compiled, size_t i) {
  if (!compiled.kwarg_only() && i < live.size() && !live[i].kwarg_only()) return i;
  for (size_t j = 0; j < live.size(); ++j)
    if (live[j].name() == compiled.name()) return j;
  throw Error("argument '" + compiled.name() + "' is gone in " + version());
}

void map_arguments(vh_op& op, const c10::FunctionSchema& compiled, const c10::FunctionSchema& live) {
  for (const c10::Argument& argument : live.arguments()) op.args.push_back(describe(argument));
  for (size_t i = 0; i < compiled.arguments().size(); ++i) {
    const OpArg wanted = describe(compiled.arguments()[i]);
    OpArg& arg = op.args[live_index(live.arguments(), compiled.arguments()[i], i)];
    op.compiled_names.push_back(wanted.name);
    if (arg.source >= 0)
      throw Error("arguments " + std::to_string(arg.source + 1) + " and " + std::to_string(i + 1) + " both map onto '" +
                  arg.name + "' of " + version());
    if (!convertible(wanted.kind, arg.kind))
      throw Error("argument " + std::to_string(i + 1) + " '" + wanted.name + "' is " + wanted.type +
                  " in the schema, but " + arg.type + " in " + version());
    arg.source = static_cast<int32_t>(i);
    if (!arg.has_default && wanted.has_default && wanted.kind == arg.kind) {
      arg.has_default = true;
      arg.value = wanted.value;
    }
  }
  for (const OpArg& arg : op.args)
    if (arg.source < 0 && !arg.has_default)
      throw Error(std::string(version()) + " wants an argument '" + arg.name + "' (" + arg.type +
                  ") that the schema doesn't have");
}

void map_results(vh_op& op, const c10::FunctionSchema& compiled, const c10::FunctionSchema& live) {
  if (compiled.returns().size() != live.returns().size())
    throw Error("gives " + std::to_string(live.returns().size()) + " results in " + version() + ", the schema says " +
                std::to_string(compiled.returns().size()));
  for (size_t i = 0; i < live.returns().size(); ++i) {
    const auto kind = kind_of(*live.returns()[i].real_type());
    const auto wanted = kind_of(*compiled.returns()[i].real_type());
    if (!kind || kind != wanted)
      throw Error("result " + std::to_string(i + 1) + " is " + live.returns()[i].real_type()->annotation_str() +
                  " in " + version() + ", the schema says " + compiled.returns()[i].real_type()->annotation_str());
    op.results.push_back(*kind);
  }
}

c10::FunctionSchema parse(const std::string& text) {
  try {
    return torch::jit::parseSchema(text);
  } catch (const std::exception& e) {
    throw Error("\"" + text + "\" is no operator schema: " + std::string(e.what()).substr(0, 200));
  }
}

}  // namespace

std::unique_ptr<vh_op> make_op(const std::string& compiled_schema) {
  const c10::FunctionSchema compiled = parse(compiled_schema);
  const std::string name = c10::toString(compiled.operator_name());
  try {
    auto op = std::make_unique<vh_op>(live_operator(compiled));
    op->name = name;
    op->flops = flop_rule(compiled.name());
    map_arguments(*op, compiled, op->handle.schema());
    map_results(*op, compiled, op->handle.schema());
    return op;
  } catch (const Error& e) {
    throw Error(name + ": " + e.what());
  }
}

}  // namespace vhost
