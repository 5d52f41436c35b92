#include <ATen/core/List.h>
#include <c10/core/GradMode.h>

#include <array>
#include <cstring>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/error.h"
#include "gateway/device_service.h"
#include "gateway/internal.h"
#include "gateway/op_schema.h"

struct vh_list {
  std::vector<at::Tensor> items;
};

namespace vhost {
namespace {

using Stack = std::vector<c10::IValue>;

// ---- values to IValues, by the live schema's kind ----

// Each gives false for a tag (or content) that the kind doesn't take.
bool push_tensor(Stack& stack, const OpArg& arg, const vh_value& value) {
  if (value.tag != VH_TENSOR) return false;
  if (value.v.t)
    stack.emplace_back(borrow(value.v.t));
  else if (arg.optional)
    stack.emplace_back();
  else
    return false;
  return true;
}

bool push_tensors(Stack& stack, const vh_value& value) {
  if (value.tag != VH_TENSORS) return false;
  c10::List<at::Tensor> list;
  list.reserve(value.n);
  for (uint32_t i = 0; i < value.n; ++i) {
    if (!value.v.ts[i]) return false;
    list.push_back(borrow(value.v.ts[i]));
  }
  stack.emplace_back(std::move(list));
  return true;
}

bool push_optional_tensors(Stack& stack, const vh_value& value) {
  if (value.tag != VH_TENSORS) return false;
  c10::List<std::optional<at::Tensor>> list;
  list.reserve(value.n);
  for (uint32_t i = 0; i < value.n; ++i)
    list.push_back(value.v.ts[i] ? std::make_optional(borrow(value.v.ts[i])) : std::nullopt);
  stack.emplace_back(std::move(list));
  return true;
}

bool push_scalar(Stack& stack, const vh_value& value) {
  switch (value.tag) {
    case VH_INT:
      stack.emplace_back(value.v.i);
      return true;
    case VH_DOUBLE:
      stack.emplace_back(value.v.d);
      return true;
    case VH_BOOLEAN:
      stack.emplace_back(value.v.i != 0);
      return true;
    default:
      return false;
  }
}

// Int lists that a call site hands over again and again (shapes, axes): their IValues, two allocations each, are kept
// per thread. Kernels only read them.
class IntLists {
 public:
  static const c10::IValue& of(const OpArg& arg, const int64_t* values, uint32_t n) {
    thread_local IntLists lists;
    Entry& entry = lists.entries_[(reinterpret_cast<uintptr_t>(&arg) / sizeof(OpArg)) % lists.entries_.size()];
    if (entry.arg != &arg || entry.n != n || std::memcmp(entry.values, values, n * sizeof(int64_t)) != 0) {
      entry.arg = &arg;
      entry.n = n;
      std::memcpy(entry.values, values, n * sizeof(int64_t));
      entry.list = c10::IValue(at::IntArrayRef(values, n));
    }
    return entry.list;
  }
  static constexpr uint32_t kLongest = 6;

 private:
  struct Entry {
    const OpArg* arg = nullptr;
    uint32_t n = 0;
    int64_t values[kLongest] = {};
    c10::IValue list;
  };
  std::array<Entry, 128> entries_;
};

bool push_ints(Stack& stack, const OpArg& arg, const vh_value& value) {
  if (value.tag == VH_INTS && value.n > 0 && value.n <= IntLists::kLongest)
    stack.push_back(IntLists::of(arg, value.v.is, value.n));
  else if (value.tag == VH_INTS)
    stack.emplace_back(at::IntArrayRef(value.v.is, value.n));
  else if (value.tag == VH_INT)
    stack.emplace_back(std::vector<int64_t>(static_cast<size_t>(arg.broadcast), value.v.i));
  else
    return false;
  return true;
}

bool push_floats(Stack& stack, const OpArg& arg, const vh_value& value) {
  switch (value.tag) {
    case VH_DOUBLES:
      stack.emplace_back(std::vector<double>(value.v.ds, value.v.ds + value.n));
      return true;
    case VH_INTS:
      stack.emplace_back(std::vector<double>(value.v.is, value.v.is + value.n));
      return true;
    case VH_DOUBLE:
      stack.emplace_back(std::vector<double>(static_cast<size_t>(arg.broadcast), value.v.d));
      return true;
    case VH_INT:
      stack.emplace_back(std::vector<double>(static_cast<size_t>(arg.broadcast), static_cast<double>(value.v.i)));
      return true;
    default:
      return false;
  }
}

bool push_bools(Stack& stack, const vh_value& value) {
  if (value.tag != VH_INTS) return false;
  c10::List<bool> list;
  list.reserve(value.n);
  for (uint32_t i = 0; i < value.n; ++i) list.push_back(value.v.is[i] != 0);
  stack.emplace_back(std::move(list));
  return true;
}

bool push_memory_format(Stack& stack, const vh_value& value) {
  static constexpr at::MemoryFormat formats[] = {at::MemoryFormat::Contiguous, at::MemoryFormat::Preserve,
                                                 at::MemoryFormat::ChannelsLast, at::MemoryFormat::ChannelsLast3d};
  if (value.tag != VH_INT || value.v.i < 0 || value.v.i > VH_CHANNELS_LAST_3D) return false;
  stack.emplace_back(formats[value.v.i]);
  return true;
}

bool push_dtype(Stack& stack, const vh_value& value) {
  if (value.tag != VH_DTYPE || value.v.i < VH_F32 || value.v.i > VH_BOOL) return false;
  stack.emplace_back(to_scalar_type(static_cast<int32_t>(value.v.i)));
  return true;
}

bool push_device(Stack& stack, const vh_value& value) {
  const int64_t type = value.v.i & 0xff, index = value.v.i >> 8;
  if (value.tag != VH_DEVICE || type > VH_META || index < -1 || index > 127) return false;
  stack.emplace_back(to_device(static_cast<int32_t>(type), static_cast<int32_t>(index)));
  return true;
}

bool push_generator(Stack& stack, const vh_value& value) {
  if (value.tag != VH_GENERATOR) return false;
  if (value.v.p)
    stack.emplace_back(static_cast<const vh_generator*>(value.v.p)->generator);
  else
    stack.emplace_back();
  return true;
}

bool push_default(Stack& stack, const OpArg& arg) {
  if (arg.has_default) stack.push_back(arg.value);
  return arg.has_default;
}

bool push_float(Stack& stack, const vh_value& value) {
  if (value.tag == VH_DOUBLE)
    stack.emplace_back(value.v.d);
  else if (value.tag == VH_INT)
    stack.emplace_back(static_cast<double>(value.v.i));
  else
    return false;
  return true;
}

bool is_list(const vh_value& value) {
  return value.tag == VH_TENSORS || value.tag == VH_INTS || value.tag == VH_DOUBLES;
}

bool push(Stack& stack, const OpArg& arg, const vh_value& value) {
  if (is_list(value) && value.n > 0 && !value.v.p) return false;
  if (value.tag == VH_DEFAULT) return push_default(stack, arg);
  if (value.tag == VH_NONE) {
    if (arg.optional) stack.emplace_back();
    return arg.optional;
  }
  switch (arg.kind) {
    case ArgKind::kTensor:
      return push_tensor(stack, arg, value);
    case ArgKind::kTensors:
      return push_tensors(stack, value);
    case ArgKind::kOptionalTensors:
      return push_optional_tensors(stack, value);
    case ArgKind::kInt:
      if (value.tag == VH_INT) stack.emplace_back(value.v.i);
      return value.tag == VH_INT;
    case ArgKind::kFloat:
      return push_float(stack, value);
    case ArgKind::kBool:
      if (value.tag == VH_BOOLEAN) stack.emplace_back(value.v.i != 0);
      return value.tag == VH_BOOLEAN;
    case ArgKind::kScalar:
      return push_scalar(stack, value);
    case ArgKind::kInts:
      return push_ints(stack, arg, value);
    case ArgKind::kFloats:
      return push_floats(stack, arg, value);
    case ArgKind::kBools:
      return push_bools(stack, value);
    case ArgKind::kString:
      if (value.tag != VH_STRING || !value.v.s) return false;
      stack.emplace_back(std::string(value.v.s));
      return true;
    case ArgKind::kDtype:
      return push_dtype(stack, value);
    case ArgKind::kLayout:
      if (value.tag != VH_INT || value.v.i != 0) return false;
      stack.emplace_back(at::kStrided);
      return true;
    case ArgKind::kMemoryFormat:
      return push_memory_format(stack, value);
    case ArgKind::kDevice:
      return push_device(stack, value);
    case ArgKind::kGenerator:
      return push_generator(stack, value);
  }
  return false;
}

// ---- messages ----

std::string value_text(const vh_value& value) {
  if (is_list(value) && value.n > 0 && !value.v.p) return "a list of " + std::to_string(value.n) + " items at NULL";
  switch (value.tag) {
    case VH_NONE:
      return "none";
    case VH_DEFAULT:
      return "default, which this argument doesn't have";
    case VH_BOOLEAN:
      return value.v.i ? "bool true" : "bool false";
    case VH_INT:
      return "int " + std::to_string(value.v.i);
    case VH_DOUBLE:
      return "float " + std::to_string(value.v.d);
    case VH_STRING:
      return value.v.s ? "string \"" + std::string(value.v.s).substr(0, 60) + "\"" : "a NULL string";
    case VH_TENSOR:
      return value.v.t ? "Tensor " + shape_text(borrow(value.v.t)) : "a NULL Tensor";
    case VH_TENSORS: {
      std::string nulls;
      for (uint32_t i = 0; i < value.n; ++i)
        if (!value.v.ts[i]) nulls += (nulls.empty() ? ", NULL at " : ", ") + std::to_string(i);
      return "a list of " + std::to_string(value.n) + " Tensors" + nulls;
    }
    case VH_INTS:
      return "int list " + list_text(at::IntArrayRef(value.v.is, value.n));
    case VH_DOUBLES:
      return "a list of " + std::to_string(value.n) + " floats";
    case VH_DTYPE:
      return "dtype number " + std::to_string(value.v.i);
    case VH_DEVICE:
      return "device number " + std::to_string(value.v.i);
    case VH_GENERATOR:
      return "a generator";
    default:
      return "a value with the unknown tag " + std::to_string(value.tag);
  }
}

int32_t refuse(const vh_op& op, const OpArg& arg, const vh_value* value, vh_error* err) {
  const std::string place = arg.source < 0 ? "argument" : "argument " + std::to_string(arg.source + 1);
  std::string text = place + " '" + arg.name + "' must be " + arg.type + ", ";
  text += value ? "not " + value_text(*value) : "and is missing";
  return fail_at(err, VH_ERR_ARGUMENT, op.name.c_str(), text);
}

std::string inputs_text(const vh_op& op, const vh_value* args, uint32_t n) {
  std::string text;
  const auto add = [&](const std::string& name, const vh_tensor* t) {
    text += (text.empty() ? "" : ", ") + name + " " + shape_text(borrow(t));
  };
  for (uint32_t i = 0; i < n; ++i) {
    if (args[i].tag == VH_TENSOR && args[i].v.t) add(op.compiled_names[i], args[i].v.t);
    if (args[i].tag == VH_TENSORS)
      for (uint32_t k = 0; k < std::min(args[i].n, 8u); ++k)
        add(op.compiled_names[i] + "[" + std::to_string(k) + "]", args[i].v.ts[k]);
  }
  return text;
}

int32_t execution_error(const vh_op& op, const vh_value* args, uint32_t n, vh_error* err) {
  try {
    auto [code, message] = describe_exception();
    if (message.size() > 600) message = message.substr(0, 600) + "...";
    const std::string inputs = inputs_text(op, args, n);
    if (!inputs.empty()) message += " (inputs: " + inputs + ")";
    return fail_at(err, code, op.name.c_str(), message);
  } catch (...) {
    return VH_ERR;
  }
}

// ---- IValues to results ----

vh_value result_scalar(const c10::IValue& value) {
  vh_value out{VH_NONE, 0, {}};
  if (value.isDouble()) {
    out.tag = VH_DOUBLE;
    out.v.d = value.toDouble();
  } else if (value.isBool()) {
    out.tag = VH_BOOLEAN;
    out.v.i = value.toBool();
  } else if (!value.isNone()) {
    out.tag = VH_INT;
    out.v.i = value.isSymInt() ? value.toSymInt().guard_int(__FILE__, __LINE__) : value.toInt();
  }
  return out;
}

vh_value result_of(ArgKind kind, c10::IValue&& value) {
  vh_value out{VH_NONE, 0, {}};
  switch (kind) {
    case ArgKind::kTensor:
      out.tag = VH_TENSOR;
      out.v.t = value.isNone() ? nullptr : take(std::move(value).toTensor());
      return out;
    case ArgKind::kTensors:
      out.tag = VH_LIST;
      out.v.p = new vh_list{value.toTensorVector()};
      return out;
    case ArgKind::kDtype:
      out.tag = VH_DTYPE;
      out.v.i = from_scalar_type(value.toScalarType());
      return out;
    case ArgKind::kInt:
    case ArgKind::kFloat:
    case ArgKind::kBool:
    case ArgKind::kScalar:
      return result_scalar(value);
    default:
      throw Error("a result of a type that vh_value can't carry");
  }
}

void release_result(vh_value& value) {
  if (value.tag == VH_TENSOR) adopt(value.v.t);
  if (value.tag == VH_LIST) delete static_cast<vh_list*>(value.v.p);
  value = vh_value{VH_NONE, 0, {}};
}

// ---- the call ----

// Arguments live in one vector per thread, so that a call allocates nothing for them. An operator that comes back into
// the gateway (a custom function within its backward) finds it taken and makes its own.
class StackLoan {
 public:
  StackLoan() : stack_(std::move(spare())) {}
  ~StackLoan() {
    stack_.clear();
    spare() = std::move(stack_);
  }
  StackLoan(const StackLoan&) = delete;
  StackLoan& operator=(const StackLoan&) = delete;
  Stack& get() { return stack_; }

 private:
  static Stack& spare() {
    thread_local Stack stack;
    return stack;
  }
  Stack stack_;
};

int32_t push_all(Stack& stack, const vh_op& op, const vh_value* args, uint32_t n, vh_error* err) {
  for (const OpArg& arg : op.args) {
    const vh_value* value = arg.source >= 0 && static_cast<uint32_t>(arg.source) < n ? &args[arg.source] : nullptr;
    if (!(value ? push(stack, arg, *value) : push_default(stack, arg))) return refuse(op, arg, value, err);
  }
  return VH_OK;
}

void run(const vh_op& op, Stack& stack) {
  if (!counting_flops()) {
    op.handle.callBoxed(stack);
    return;
  }
  const Stack arguments = stack;
  op.handle.callBoxed(stack);
  count_flops(op, arguments, stack);
}

int32_t ops_call(const vh_op* op, const vh_value* args, uint32_t n, vh_value* ret, uint32_t n_ret, vh_error* err) {
  if (!op) return fail(err, VH_ERR_ARGUMENT, "the operator is NULL (find failed?)");
  if (in_worker()) return fail_at(err, VH_ERR_THREAD, op->name.c_str(), "operators can't be called in a data worker");
  if (n > op->compiled_names.size())
    return fail_at(err, VH_ERR_ARGUMENT, op->name.c_str(),
                   "takes " + std::to_string(op->compiled_names.size()) + " arguments, not " + std::to_string(n));
  if (n_ret != op->results.size())
    return fail_at(err, VH_ERR_ARGUMENT, op->name.c_str(),
                   "gives " + std::to_string(op->results.size()) + " results, not " + std::to_string(n_ret));
  uint32_t done = 0;
  try {
    StackLoan loan;
    Stack& stack = loan.get();
    if (const int32_t status = push_all(stack, *op, args, n, err)) return status;
    run(*op, stack);
    for (; done < n_ret; ++done) ret[done] = result_of(op->results[done], std::move(stack[done]));
    return VH_OK;
  } catch (...) {
    const int32_t status = execution_error(*op, args, n, err);
    for (uint32_t i = 0; i < done; ++i) release_result(ret[i]);
    return status;
  }
}

// Leaked: plugins hold the operators for as long as the process lives.
struct OpTable {
  std::mutex mutex;
  std::unordered_map<std::string, std::unique_ptr<vh_op>> ops;
};

const vh_op* ops_find(const char* schema, vh_error* err) {
  static auto* table = new OpTable;
  const vh_op* found = nullptr;
  guarded(err, "vh.ops/1 find", [&] {
    if (!schema) throw Error("the schema is NULL");
    std::lock_guard lock(table->mutex);
    auto& slot = table->ops[schema];
    if (!slot) slot = make_op(schema);
    found = slot.get();
    return VH_OK;
  });
  return found;
}

uint32_t list_size(const vh_list* list) {
  return list ? static_cast<uint32_t>(list->items.size()) : 0;
}
vh_tensor* list_get(const vh_list* list, uint32_t i) {
  return list && i < list->items.size() ? take(list->items[i]) : nullptr;
}
void list_release(vh_list* list) {
  delete list;
}

}  // namespace

const vh_ops_1 kOpsTable = {sizeof(vh_ops_1), 0, ops_find, ops_call, list_size, list_get, list_release};

}  // namespace vhost
