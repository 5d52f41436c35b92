// Activation checkpointing. Note [What a recomputation needs]
// - the scope's parameters are inputs of the node, else weights behind an input without gradient get none,
//   and a reducer that looks for unused parameters takes them all for unused;
// - they are passed as an at::TensorList: torch::autograd::Function doesn't look into a std::vector;
// - random state and autocast are those of the first pass;
// - autocast's cache of cast weights is off in the first pass, which runs without grad: a cast made there
//   would be reused outside and cut the graph. It is emptied around the second pass, whose casts belong to
//   the graph that it frees.
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>

#include <unordered_set>

#include "base/error.h"
#include "gateway/autograd_state.h"
#include "gateway/op_schema.h"

namespace vhost {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Node;
using torch::autograd::variable_list;

constexpr const char* kName = "vh.autograd/1 checkpoint";

struct Closure : torch::CustomClassHolder {
  explicit Closure(const vh_closure& given)
      : ctx(given.ctx), call(given.call), destroy(VH_HAS(&given, destroy) ? given.destroy : nullptr) {}
  ~Closure() override {
    if (destroy) destroy(ctx);
  }
  void* ctx;
  decltype(vh_closure::call) call;
  decltype(vh_closure::destroy) destroy;
  uint32_t n_out = 0;
  GivenInputs inputs;              // without tensors after checkpoint()
  std::vector<at::Tensor> params;  // of the scope, that want a gradient
  std::string scope, part;
  Autocast autocast;
  RandomState random;
};
using ClosurePtr = c10::intrusive_ptr<Closure>;

variable_list run(const Closure& closure, at::TensorList inputs) {
  const auto handles = closure.inputs.lent(inputs);
  variable_list outputs = collect_outputs(closure.n_out, "checkpointed closure", [&](vh_tensor** out, vh_error* err) {
    return closure.call(closure.ctx, handles.data(), static_cast<uint32_t>(handles.size()), out, closure.n_out, err);
  });
  require_defined(outputs, "the checkpointed closure");
  return outputs;
}

variable_list rerun(const Closure& closure, const variable_list& inputs) {
  const torch::autograd::AutoGradMode grad_mode(true);
  const AutocastScope autocast(closure.autocast);
  const RandomState now = RandomState::of(inputs.empty() ? at::Device(at::kCPU) : inputs[0].device());
  at::autocast::clear_cache();
  closure.random.restore();
  try {
    variable_list outputs = run(closure, inputs);
    now.restore();
    at::autocast::clear_cache();
    return outputs;
  } catch (...) {
    now.restore();
    at::autocast::clear_cache();
    throw;
  }
}

// A leaf outside `known` would silently stay without gradient.
void refuse_strangers(const variable_list& roots, const variable_list& known, const std::string& scope) {
  std::unordered_set<const at::TensorImpl*> expected;
  for (const at::Tensor& tensor : known) expected.insert(tensor.unsafeGetTensorImpl());
  std::unordered_set<const Node*> seen;
  std::vector<Node*> open;
  for (const at::Tensor& root : roots)
    if (root.grad_fn()) open.push_back(root.grad_fn().get());
  while (!open.empty()) {
    Node* node = open.back();
    open.pop_back();
    if (!seen.insert(node).second) continue;
    if (const auto* leaf = dynamic_cast<torch::autograd::AccumulateGrad*>(node))
      if (!expected.count(leaf->variable.unsafeGetTensorImpl()))
        throw Error("the checkpointed closure uses a tensor " + shape_text(leaf->variable) +
                    " that requires grad and is neither an input nor a parameter of the scope '" + scope + "'");
    for (const auto& edge : node->next_edges())
      if (edge.function) open.push_back(edge.function.get());
  }
}

// The gradients of `targets`, in their order; undefined for unused ones.
variable_list gradients(const Closure& closure, const variable_list& outputs, const variable_list& grad_out,
                        const variable_list& targets) {
  variable_list roots, root_grads;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (grad_out[i].defined() && outputs[i].requires_grad()) {
      roots.push_back(outputs[i]);
      root_grads.push_back(grad_out[i]);
    }
  if (roots.empty() || targets.empty()) return variable_list(targets.size());
  refuse_strangers(roots, targets, closure.scope);
  return torch::autograd::grad(roots, targets, root_grads, /*retain_graph=*/false, /*create_graph=*/false,
                               /*allow_unused=*/true);
}

struct CheckpointFunction : torch::autograd::Function<CheckpointFunction> {
  // `tensors`: the inputs, then the scope's parameters.
  static variable_list forward(AutogradContext* node, const ClosurePtr& closure, at::TensorList tensors) {
    node->set_materialize_grads(false);
    node->saved_data["closure"] = c10::IValue::make_capsule(closure);
    const at::TensorList inputs = tensors.slice(0, tensors.size() - closure->params.size());
    Autocast uncached = closure->autocast;
    uncached.cache = false;
    const AutocastScope autocast(uncached);
    const BlockCount block;
    variable_list outputs = run(*closure, inputs);
    node->save_for_backward(inputs.vec());
    return outputs;
  }

  static variable_list backward(AutogradContext* node, const variable_list& grad_out) {
    const auto capsule = node->saved_data["closure"].toCapsule();
    const auto& closure = static_cast<const Closure&>(*capsule);
    if (c10::GradMode::is_enabled()) throw Error("checkpointing has no double backward (create_graph)");
    return in_part(closure.part, [&] { return recomputed(*node, closure, grad_out); });
  }

  static variable_list recomputed(const AutogradContext& node, const Closure& closure, const variable_list& grad_out) {
    variable_list inputs, targets;
    for (const at::Tensor& saved : node.get_saved_variables()) {
      inputs.push_back(saved.detach().set_requires_grad(saved.requires_grad()));
      if (saved.requires_grad()) targets.push_back(inputs.back());
    }
    targets.insert(targets.end(), closure.params.begin(), closure.params.end());
    const variable_list outputs = rerun(closure, inputs);
    const variable_list grads = gradients(closure, outputs, grad_out, targets);

    variable_list result(1);  // of the closure
    size_t next = 0;
    for (const at::Tensor& input : inputs) result.push_back(input.requires_grad() ? grads[next++] : at::Tensor());
    result.insert(result.end(), grads.begin() + static_cast<std::ptrdiff_t>(next), grads.end());
    return result;
  }
};

variable_list checkpointed(const ClosurePtr& closure, vh_scope* scope, vh_tensor* const* in, uint32_t n_in) {
  closure->inputs = GivenInputs(in, n_in);
  std::vector<at::Tensor> tensors = std::move(closure->inputs.defined);
  closure->inputs.defined.clear();
  bool wanted = false;
  if (c10::GradMode::is_enabled()) {
    for (const at::Tensor& input : tensors) wanted |= input.requires_grad();
    for (const Param* param : scope ? scope->all() : std::vector<Param*>{})
      if (param->value.requires_grad()) closure->params.push_back(param->value);
  }
  if (!wanted && closure->params.empty()) return run(*closure, tensors);
  closure->scope = scope ? scope->prefix : "";
  closure->part = current_part();
  closure->autocast = Autocast::current();
  closure->random = RandomState::of(tensors.empty() ? at::Device(at::kCPU) : tensors[0].device());
  tensors.insert(tensors.end(), closure->params.begin(), closure->params.end());
  variable_list outputs = CheckpointFunction::apply(closure, at::TensorList(tensors));
  for (const at::Tensor& output : outputs) count_kept(output);
  return outputs;
}

}  // namespace

int32_t checkpoint(const vh_closure* given, vh_scope* scope, vh_tensor* const* in, uint32_t n_in, vh_tensor** out,
                   uint32_t n_out, vh_error* err) {
  if (!given) return fail_at(err, VH_ERR_ARGUMENT, kName, "the closure is NULL");
  return guarded(err, kName, [&] {
    const auto closure = c10::make_intrusive<Closure>(*given);
    closure->n_out = n_out;
    if (in_worker()) return fail_at(err, VH_ERR_THREAD, kName, "not in a data worker");
    if (!closure->call) return fail_at(err, VH_ERR_ARGUMENT, kName, "the closure has no call");
    variable_list outputs = checkpointed(closure, scope, in, n_in);
    for (uint32_t i = 0; i < n_out; ++i) out[i] = take(std::move(outputs[i]));
    return VH_OK;
  });
}

}  // namespace vhost
