#include <torch/csrc/autograd/custom_function.h>

#include "base/error.h"
#include "gateway/autograd_state.h"

namespace vhost {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Owns the plugin's ctx: destroy() runs when the last graph that refers to it has gone.
struct FunctionState : torch::CustomClassHolder {
  FunctionState(const vh_function* function, void* context) : fn(function), ctx(context) {}
  ~FunctionState() override {
    if (VH_HAS(fn, destroy) && fn->destroy) fn->destroy(ctx);
  }
  const vh_function* fn;
  void* ctx;
  uint32_t n_out = 0;
  GivenInputs inputs;                    // without tensors after apply()
  std::vector<at::Tensor> input_shapes;  // on meta, for the backward pass of a dry run
  std::vector<std::string> saved_keys;
  Autocast autocast;
  std::string part;
};
using FunctionPtr = c10::intrusive_ptr<FunctionState>;

at::Tensor empty_like_spec(const Spec& spec, at::ScalarType fallback) {
  const at::IntArrayRef sizes(spec.c.dim, static_cast<size_t>(spec.c.rank));
  for (const int64_t size : sizes)
    if (size < 0) throw Error("shape() must give the sizes for these inputs, not " + list_text(sizes));
  const at::ScalarType dtype = spec.c.dtype == VH_DTYPE_ANY ? fallback : to_scalar_type(spec.c.dtype);
  return at::empty(sizes, at::TensorOptions(dtype).device(at::kMeta));
}

variable_list outputs_on_meta(const FunctionState& state, at::TensorList inputs) {
  if (!state.fn->shape) throw Error("the function has no shape callback, so it can't run on meta tensors");
  vh_specs specs;
  SpecCollector sink(specs);
  vh_error err = new_error();
  const auto handles = state.inputs.lent(inputs);
  check_status(state.fn->shape(state.ctx, handles.data(), static_cast<uint32_t>(handles.size()), &sink, &err), err,
               "shape callback");
  if (specs.list.size() != state.n_out)
    throw Error("shape() gave " + std::to_string(specs.list.size()) + " outputs, not " + std::to_string(state.n_out));
  variable_list outputs;
  for (const Spec& spec : specs.list) outputs.push_back(empty_like_spec(spec, inputs[0].scalar_type()));
  return outputs;
}

bool any_meta(at::TensorList tensors) {
  for (const at::Tensor& tensor : tensors)
    if (tensor.is_meta()) return true;
  return false;
}

variable_list run_forward(const FunctionState& state, at::TensorList inputs, vh_map& save) {
  if (any_meta(inputs)) return outputs_on_meta(state, inputs);
  const auto handles = state.inputs.lent(inputs);
  variable_list outputs = collect_outputs(state.n_out, "forward callback", [&](vh_tensor** out, vh_error* err) {
    return state.fn->forward(state.ctx, handles.data(), static_cast<uint32_t>(handles.size()), out, state.n_out, &save,
                             err);
  });
  require_defined(outputs, "the forward callback");
  return outputs;
}

variable_list run_backward(const FunctionState& state, const vh_map& saved, const variable_list& grad_out) {
  const auto n_in = static_cast<uint32_t>(state.inputs.place.size());
  std::vector<vh_tensor*> grads;
  for (const at::Tensor& grad : grad_out) grads.push_back(lend(grad));
  return collect_outputs(n_in, "backward callback", [&](vh_tensor** grad_in, vh_error* err) {
    return state.fn->backward(state.ctx, &saved, grads.data(), grad_in, err);
  });
}

struct PluginFunction : torch::autograd::Function<PluginFunction> {
  static variable_list forward(AutogradContext* node, const FunctionPtr& state, at::TensorList inputs) {
    node->set_materialize_grads(false);
    node->saved_data["state"] = c10::IValue::make_capsule(state);
    const AutocastScope autocast(state->autocast);
    vh_map save;
    variable_list outputs = run_forward(*state, inputs, save);
    variable_list tensors;
    for (auto& [key, value] : save.items) {
      state->saved_keys.push_back(key);
      tensors.push_back(std::move(value));
    }
    if (any_meta(inputs))
      for (const at::Tensor& input : inputs) state->input_shapes.push_back(at::empty_like(input.detach()));
    node->save_for_backward(std::move(tensors));
    return outputs;
  }

  static variable_list backward(AutogradContext* node, const variable_list& grad_out) {
    const auto capsule = node->saved_data["state"].toCapsule();
    const auto& state = static_cast<const FunctionState&>(*capsule);
    if (c10::GradMode::is_enabled()) throw Error("a plugin's autograd function has no double backward (create_graph)");
    return in_part(state.part, [&] { return gradients(*node, state, grad_out); });
  }

  static variable_list gradients(const AutogradContext& node, const FunctionState& state,
                                 const variable_list& grad_out) {
    const AutocastScope autocast(state.autocast);
    variable_list grad_in(1);  // of the state
    if (!state.input_shapes.empty()) {
      grad_in.insert(grad_in.end(), state.input_shapes.begin(), state.input_shapes.end());
      return grad_in;
    }
    vh_map saved;
    const variable_list tensors = node.get_saved_variables();
    for (size_t i = 0; i < tensors.size(); ++i) saved.items.emplace_back(state.saved_keys[i], tensors[i]);
    saved.read_only = true;
    variable_list grads = grad_out;
    if (state.fn->flags & VH_FN_CONTIGUOUS)
      for (at::Tensor& grad : grads)
        if (grad.defined()) grad = grad.contiguous();
    const variable_list all = run_backward(state, saved, grads);
    for (size_t i = 0; i < all.size(); ++i)
      if (state.inputs.place[i] >= 0) grad_in.push_back(all[i]);
    return grad_in;
  }
};

std::vector<at::Tensor> prepared(std::vector<at::Tensor> inputs, uint32_t flags, bool inside_autocast) {
  for (at::Tensor& input : inputs) {
    const bool cast =
        (flags & VH_FN_FP32) && inside_autocast && input.is_floating_point() && input.scalar_type() != at::kDouble;
    if (cast) input = input.to(at::kFloat);
    if ((flags & VH_FN_CONTIGUOUS) && !input.is_contiguous()) input = input.contiguous();
  }
  return inputs;
}

bool needs_grad(at::TensorList tensors) {
  if (!c10::GradMode::is_enabled()) return false;
  for (const at::Tensor& tensor : tensors)
    if (tensor.requires_grad()) return true;
  return false;
}

variable_list apply_function(const FunctionPtr& state, vh_tensor* const* in, uint32_t n_in, uint32_t n_out) {
  state->inputs = GivenInputs(in, n_in);
  state->n_out = n_out;
  state->part = current_part();
  state->autocast = Autocast::current();
  const std::vector<at::Tensor> inputs =
      prepared(std::move(state->inputs.defined), state->fn->flags, state->autocast.any());
  state->inputs.defined.clear();
  if (state->fn->flags & VH_FN_FP32) state->autocast = Autocast::off();
  state->autocast.cache = false;  // casts made without grad must not be reused: Note [What a recomputation needs]
  if (inputs.empty()) throw Error("a function needs at least one input that isn't NULL");
  if (needs_grad(inputs)) return PluginFunction::apply(state, at::TensorList(inputs));
  const c10::NoGradGuard no_grad;
  const AutocastScope autocast(state->autocast);
  vh_map save;
  return run_forward(*state, inputs, save);
}

int32_t autograd_apply(const vh_function* fn, void* ctx, vh_tensor* const* in, uint32_t n_in, vh_tensor** out,
                       uint32_t n_out, vh_error* err) {
  if (!fn) return fail_at(err, VH_ERR_ARGUMENT, "vh.autograd/1 apply", "the function is NULL");
  return guarded(err, "vh.autograd/1 apply", [&] {
    const auto state = c10::make_intrusive<FunctionState>(fn, ctx);
    if (in_worker()) return fail_at(err, VH_ERR_THREAD, "vh.autograd/1 apply", "not in a data worker");
    if (!VH_HAS(fn, backward) || !fn->forward || !fn->backward)
      return fail_at(err, VH_ERR_ARGUMENT, "vh.autograd/1 apply", "forward or backward is missing");
    variable_list outputs = apply_function(state, in, n_in, n_out);
    for (uint32_t i = 0; i < n_out; ++i) out[i] = take(std::move(outputs[i]));
    return VH_OK;
  });
}

}  // namespace

const vh_autograd_1 kAutogradTable = {sizeof(vh_autograd_1), 0, autograd_apply, checkpoint};

}  // namespace vhost
