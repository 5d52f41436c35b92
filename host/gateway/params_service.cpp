#include <c10/core/GradMode.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "gateway/init.h"
#include "gateway/internal.h"

namespace vhost {

struct ScopeTree {
  std::set<std::string> names;  // full
  uint64_t created = 0;
};

struct ScopeAccess {
  static ScopeTree& tree(vh_scope& scope) { return *scope.tree_; }
  static void share(vh_scope& child, const vh_scope& parent) { child.tree_ = parent.tree_; }
};

namespace {

bool valid_name(const std::string& name) {
  const bool letters = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
  return letters && !name.empty() && name.front() != '.' && name.back() != '.' && name.find("..") == std::string::npos;
}

at::IntArrayRef shape_of(const vh_param& param) {
  if (param.rank < 0 || (param.rank > 0 && !param.shape))
    throw Error("rank " + std::to_string(param.rank) + " without a shape");
  const at::IntArrayRef shape(param.shape, static_cast<size_t>(param.rank));
  for (const int64_t size : shape)
    if (size < 1) throw Error("shape " + list_text(shape) + ": every size must be at least 1");
  return shape;
}

at::Tensor given_value(const vh_param& param, const vh_scope& scope, at::ScalarType dtype) {
  const at::Tensor value = borrow(param.value).detach();
  if (param.shape && value.sizes() != shape_of(param))
    throw Error("value is " + shape_text(value) + ", the shape says " + list_text(shape_of(param)));
  if (scope.device.is_meta()) return at::empty(value.sizes(), at::TensorOptions(dtype).device(at::kMeta));
  if (value.is_meta()) throw Error("value is a meta tensor, the parameter isn't");
  return value.to(scope.device, dtype, /*non_blocking=*/false, /*copy=*/true).contiguous();
}

std::unique_ptr<Param> make_param(vh_scope& scope, const vh_param& given, const std::string& full_name) {
  auto param = std::make_unique<Param>();
  param->name = full_name;
  param->role = given.role;
  param->flags = given.flags;
  param->layer = given.layer;
  param->lr_scale = given.lr_scale == 0 ? 1 : given.lr_scale;
  param->on_resize = given.on_resize ? given.on_resize : "";
  if (given.role < VH_PARAMETER || given.role > VH_BUFFER_NOT_SAVED)
    throw Error("there is no role " + std::to_string(given.role));
  const at::ScalarType dtype = given.dtype == VH_DTYPE_ANY ? scope.dtype : to_scalar_type(given.dtype);
  param->value = given.value ? given_value(given, scope, dtype)
                             : initial_value(given.init ? given.init : "zeros", scope.seed, full_name, shape_of(given),
                                             dtype, scope.device);
  const bool trained = given.role == VH_PARAMETER && !(given.flags & VH_PARAM_FROZEN) && !scope.frozen;
  if (given.role == VH_PARAMETER && !at::isFloatingType(dtype))
    throw Error("a parameter must have a float type; use a buffer");
  if (trained) param->value.set_requires_grad(true);
  return param;
}

int32_t params_create(vh_scope* scope, const vh_param* param, vh_tensor** out, vh_error* err) {
  if (!scope || !param || !out || !param->name || !VH_HAS(param, lr_scale))
    return fail_at(err, VH_ERR_ARGUMENT, "vh.params/1 create", "scope, param, its name or out is missing");
  const std::string full_name = scope->prefix + param->name;
  const std::string operation = "parameter '" + full_name + "'";
  if (!valid_name(param->name))
    return fail_at(err, VH_ERR_ARGUMENT, operation.c_str(), "a name has letters, digits, '_' and '.' between them");
  if (in_worker()) return fail_at(err, VH_ERR_THREAD, operation.c_str(), "parameters can't be made in a data worker");
  ScopeTree& tree = ScopeAccess::tree(*scope);
  if (tree.names.count(full_name)) return fail_at(err, VH_ERR_ARGUMENT, operation.c_str(), "the name is used twice");
  const int32_t status = guarded(err, operation.c_str(), [&] {
    const c10::NoGradGuard no_grad;
    auto made = make_param(*scope, *param, full_name);
    made->order = tree.created;
    scope->params.push_back(std::move(made));
    tree.names.insert(full_name);
    ++tree.created;
    *out = lend(scope->params.back()->value);
    return VH_OK;
  });
  return status == VH_ERR ? VH_ERR_ARGUMENT : status;
}

vh_scope* child_of(vh_scope& scope, const std::string& name) {
  auto& slot = scope.children[name];
  if (!slot) {
    slot = std::make_unique<vh_scope>(scope.prefix + name + ".", scope.seed, scope.device, scope.dtype,
                                      scope.device.is_meta());
    slot->frozen = scope.frozen;
    ScopeAccess::share(*slot, scope);
  }
  return slot.get();
}

vh_scope* params_child(vh_scope* scope, const char* name) {
  if (!scope || !name || !valid_name(name)) return nullptr;
  try {
    std::string rest = name;
    for (size_t dot = rest.find('.'); dot != std::string::npos; dot = rest.find('.')) {
      scope = child_of(*scope, rest.substr(0, dot));
      rest = rest.substr(dot + 1);
    }
    return child_of(*scope, rest);
  } catch (...) {
    return nullptr;
  }
}

void collect(vh_scope& scope, std::vector<Param*>& into) {
  for (const auto& param : scope.params) into.push_back(param.get());
  for (const auto& [name, child] : scope.children) collect(*child, into);
}

}  // namespace

const vh_params_1 kParamsTable = {sizeof(vh_params_1), 0, params_create, params_child};

}  // namespace vhost

vh_scope::vh_scope(std::string prefix_, uint64_t seed_, at::Device device_, at::ScalarType dtype_, bool meta)
    : prefix(std::move(prefix_)),
      seed(seed_),
      device(meta ? at::Device(at::kMeta) : device_),
      dtype(dtype_),
      tree_(std::make_shared<vhost::ScopeTree>()) {}

std::vector<vhost::Param*> vh_scope::all() {
  std::vector<vhost::Param*> list;
  vhost::collect(*this, list);
  std::sort(list.begin(), list.end(), [](const auto* a, const auto* b) { return a->order < b->order; });
  return list;
}
