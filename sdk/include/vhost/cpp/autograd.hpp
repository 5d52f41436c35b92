// A kernel of one's own as one node of autograd. Derive from vh::Function and call apply():
//
//   struct Scale : vh::Function {
//     double factor;
//     std::vector<vh::Spec> shape(vh::Tensors in) override;                        // sizes and types of the outputs,
//     for meta tensors std::vector<vh::Tensor> forward(vh::Tensors in, vh::Saved& save) override;   // [step], without
//     grad std::vector<vh::Tensor> backward(const vh::Saved& saved, vh::Tensors grad_out) override;  // [backward]
//   };
//   std::vector<vh::Tensor> y = vh::apply(std::make_unique<Scale>(...), {x}, /*n_out=*/1);
#pragma once
#include <memory>

#include "handle.hpp"
#include "spec.hpp"

namespace vh {

// What forward keeps for backward.
class Saved {
 public:
  explicit Saved(const vh_map* map) : map_(map) {}
  void put(const std::string& key, const Tensor& value) {  // in forward
    detail::check(table().put(const_cast<vh_map*>(map_), key.c_str(), value.get()), detail::new_error(), key.c_str());
  }
  Tensor operator[](const std::string& key) const { return Tensor::share(table().get(map_, key.c_str())); }

 private:
  static const vh_map_1& table() { return *detail::services.map; }
  const vh_map* map_;
};

class Function {
 public:
  virtual ~Function() = default;  // on any thread
  virtual std::vector<Spec> shape(Tensors in) = 0;
  virtual std::vector<Tensor> forward(Tensors in, Saved& save) = 0;
  // One gradient per input; an undefined one is zero, in grad_out too.
  virtual std::vector<Tensor> backward(const Saved& saved, Tensors grad_out) = 0;
};

namespace detail {

struct FunctionContext {
  std::unique_ptr<Function> function;
  uint32_t n_in, n_out;
};

inline std::vector<Tensor> share_all(vh_tensor* const* handles, uint32_t n) {
  std::vector<Tensor> out;
  for (uint32_t i = 0; i < n; ++i) out.push_back(Tensor::share(handles[i]));
  return out;
}
inline void hand_over(std::vector<Tensor> tensors, vh_tensor** out, uint32_t n, const char* what) {
  if (tensors.size() != n) throw argument_error(str(what, " gave ", tensors.size(), " tensors, wanted ", n));
  for (uint32_t i = 0; i < n; ++i) out[i] = tensors[i].release();
}

struct FunctionEdge {
  static FunctionContext& context(void* ctx) { return *static_cast<FunctionContext*>(ctx); }
  static int32_t shape(void* ctx, vh_tensor* const* in, uint32_t n_in, vh_spec_sink* sink, vh_error* err) noexcept {
    return guard(err, [&] {
      std::vector<Spec> specs = context(ctx).function->shape(share_all(in, n_in));
      for (size_t i = 0; i < specs.size(); ++i) specs[i].key = "out." + std::to_string(i);
      emit(specs, sink);
    });
  }
  static int32_t forward(void* ctx, vh_tensor* const* in, uint32_t n_in, vh_tensor** out, uint32_t n_out, vh_map* save,
                         vh_error* err) noexcept {
    return guard(err, [&] {
      Saved saved(save);
      hand_over(context(ctx).function->forward(share_all(in, n_in), saved), out, n_out, "forward");
    });
  }
  static int32_t backward(void* ctx, const vh_map* saved, vh_tensor* const* grad_out, vh_tensor** grad_in,
                          vh_error* err) noexcept {
    return guard(err, [&] {
      FunctionContext& c = context(ctx);
      hand_over(c.function->backward(Saved(saved), share_all(grad_out, c.n_out)), grad_in, c.n_in, "backward");
    });
  }
  static void destroy(void* ctx) noexcept { delete static_cast<FunctionContext*>(ctx); }
  template <uint32_t Flags>
  static constexpr vh_function table = {sizeof(vh_function), Flags, shape, forward, backward, destroy};
};

}  // namespace detail

// [step] Flags: VH_FN_*.
template <uint32_t Flags = VH_FN_CONTIGUOUS>
std::vector<Tensor> apply(std::unique_ptr<Function> function, const std::vector<Tensor>& inputs, uint32_t n_out) {
  const vh_autograd_1& autograd = need(detail::services.autograd, VH_AUTOGRAD_1);
  const auto n_in = static_cast<uint32_t>(inputs.size());
  std::vector<vh_tensor*> out(n_out);
  vh_error err = detail::new_error();
  auto* context = new detail::FunctionContext{std::move(function), n_in, n_out};
  detail::check(autograd.apply(&detail::FunctionEdge::table<Flags>, context, Tensors(inputs).handles(), n_in,
                               out.data(), n_out, &err),
                err, "apply");
  std::vector<Tensor> result;
  for (vh_tensor* t : out) result.push_back(Tensor::take(t));
  return result;
}

}  // namespace vh
