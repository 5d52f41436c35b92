// Activation checkpointing: a piece of the forward pass runs again in backward instead of keeping its activations.
//
//   x = vh::checkpoint(block.scope, {x}, [&](const std::vector<vh::Tensor>& in) { return block(in[0], train); });
//
// Gradients reach the inputs and the parameters of `scope` and its children, and nothing else that the lambda captures.
#pragma once
#include "part.hpp"

namespace vh {
namespace detail {

template <class F>
struct Closure {
  static int32_t call(void* ctx, vh_tensor* const* in, uint32_t n_in, vh_tensor** out, uint32_t n_out,
                      vh_error* err) noexcept {
    return guard(err, [&] {
      std::vector<Tensor> inputs;
      for (uint32_t i = 0; i < n_in; ++i) inputs.push_back(Tensor::share(in[i]));
      auto result = static_cast<Closure*>(ctx)->fn(static_cast<const std::vector<Tensor>&>(inputs));
      if constexpr (std::is_same_v<decltype(result), Tensor>) {
        if (n_out != 1) throw argument_error(str("a checkpoint gave 1 tensor, wanted ", n_out));
        out[0] = result.release();
      } else {
        if (result.size() != n_out)
          throw argument_error(str("a checkpoint gave ", result.size(), " tensors, wanted ", n_out));
        for (uint32_t i = 0; i < n_out; ++i) out[i] = result[i].release();
      }
    });
  }
  static void destroy(void* ctx) noexcept { delete static_cast<Closure*>(ctx); }
  F fn;
};

}  // namespace detail

// [step] fn(const std::vector<Tensor>&) -> std::vector<Tensor> of n_out. It is copied, lives until backward is done,
// and what it captures by reference must live as long: a part's own members do.
template <class F>
std::vector<Tensor> checkpoint(const Scope& scope, const std::vector<Tensor>& inputs, uint32_t n_out, F fn) {
  using Closure = detail::Closure<F>;
  const vh_autograd_1& autograd = need(detail::services.autograd, VH_AUTOGRAD_1);
  std::vector<vh_tensor*> out(n_out);
  vh_error err = detail::new_error();
  vh_closure closure{sizeof(vh_closure), 0, new Closure{std::move(fn)}, &Closure::call, &Closure::destroy};
  detail::check(autograd.checkpoint(&closure, scope.get(), Tensors(inputs).handles(),
                                    static_cast<uint32_t>(inputs.size()), out.data(), n_out, &err),
                err, "checkpoint");
  std::vector<Tensor> result;
  for (vh_tensor* t : out) result.push_back(Tensor::take(t));
  return result;
}

// The same for fn -> Tensor.
template <class F>
Tensor checkpoint(const Scope& scope, const std::vector<Tensor>& inputs, F fn) {
  return checkpoint(scope, inputs, 1, std::move(fn))[0];
}

}  // namespace vh
