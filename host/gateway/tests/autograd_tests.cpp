// Custom functions and activation checkpointing, through vh.autograd/1.
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <thread>

#include "base/error.h"
#include "service_tables.h"

using namespace tables;

namespace {

using Tensors = std::vector<at::Tensor>;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
void check_text(const std::string& text, const std::string& part) {
  BOOST_CHECK_MESSAGE(contains(text, part), "\"" << text << "\" doesn't say \"" << part << "\"");
}

at::Tensor leaf(at::Tensor t) {
  return t.detach().clone().set_requires_grad(true);
}
void set_autocast(bool on) {
  at::autocast::set_autocast_enabled(at::kCPU, on);
  if (!on) at::autocast::clear_cache();
}

template <class Body>
std::string exception_of(Body body) {
  try {
    body();
    return "no exception";
  } catch (const c10::Error& e) {
    return e.what_without_backtrace();
  } catch (const std::exception& e) {
    return e.what();
  }
}

// ---- a plugin's function: y = x * x * w, z = w (if asked) ----

struct Probe {
  int destroyed = 0, forwards = 0, backwards = 0;
  bool fail_forward = false, fail_backward = false, leave_null = false, no_output_shape = false,
       autocast_inside = false;
  int32_t dtype_seen = 0, contiguous_seen = 0, grad_contiguous_seen = 0;
};

Probe& probe(void* ctx) {
  return *static_cast<Probe*>(ctx);
}

int32_t square_shape(void* ctx, vh_tensor* const* in, uint32_t, vh_spec_sink* sink, vh_error*) {
  if (probe(ctx).no_output_shape) return VH_OK;
  vh_spec spec{};
  spec.struct_size = sizeof(spec);
  spec.rank = tensors().rank(in[0]);
  for (int i = 0; i < spec.rank; ++i) spec.dim[i] = tensors().sizes(in[0])[i];
  return sink->add(sink, &spec);
}

int32_t square_forward(void* ctx, vh_tensor* const* in, uint32_t n_in, vh_tensor** out, uint32_t, vh_map* save,
                       vh_error* err) {
  Probe& p = probe(ctx);
  ++p.forwards;
  p.dtype_seen = tensors().dtype(in[0]);
  p.contiguous_seen = tensors().is_contiguous(in[0]);
  p.autocast_inside = at::autocast::is_autocast_enabled(at::kCPU);
  const at::Tensor x = vhost::borrow(in[0]);
  const at::Tensor w = n_in > 1 && in[1] ? vhost::borrow(in[1]) : at::ones_like(x);
  if (!p.leave_null) out[0] = vhost::take(x * x * w);
  if (p.fail_forward) return vhost::fail(err, VH_ERR_ARGUMENT, "x is unfit");
  maps().put(save, "x", in[0]);
  if (n_in > 1 && in[1]) maps().put(save, "w", in[1]);
  return VH_OK;
}

int32_t square_backward(void* ctx, const vh_map* saved, vh_tensor* const* grad_out, vh_tensor** grad_in,
                        vh_error* err) {
  Probe& p = probe(ctx);
  ++p.backwards;
  if (p.fail_backward) return vhost::fail(err, VH_ERR, "the kernel didn't launch");
  if (!grad_out[0]) return VH_OK;
  p.grad_contiguous_seen = tensors().is_contiguous(grad_out[0]);
  const at::Tensor x = vhost::borrow(maps().get(saved, "x")), g = vhost::borrow(grad_out[0]);
  vh_tensor* handle = maps().get(saved, "w");
  grad_in[0] = vhost::take(handle ? g * 2 * x * vhost::borrow(handle) : g * 2 * x);
  if (handle) grad_in[1] = vhost::take(g * x * x);
  return VH_OK;
}

void square_destroy(void* ctx) {
  ++probe(ctx).destroyed;
}

vh_function square(uint32_t flags = 0) {
  return {sizeof(vh_function), flags, square_shape, square_forward, square_backward, square_destroy};
}

at::Tensor apply(const vh_function& fn, Probe& p, const Tensors& inputs) {
  std::vector<vh_tensor*> in;
  for (const at::Tensor& t : inputs) in.push_back(vhost::lend(t));
  vh_tensor* out = nullptr;
  vh_error err = vhost::new_error();
  vhost::check_status(autograd().apply(&fn, &p, in.data(), static_cast<uint32_t>(in.size()), &out, 1, &err), err, "");
  return vhost::adopt(out);
}

// ---- closures ----

struct Closure {
  std::function<Tensors(const Tensors&)> body;
  int calls = 0, destroyed = 0;
};

int32_t closure_call(void* ctx, vh_tensor* const* in, uint32_t n_in, vh_tensor** out, uint32_t n_out, vh_error* err) {
  auto& closure = *static_cast<Closure*>(ctx);
  ++closure.calls;
  try {
    Tensors inputs;
    for (uint32_t i = 0; i < n_in; ++i) inputs.push_back(vhost::borrow(in[i]));
    const Tensors outputs = closure.body(inputs);
    for (uint32_t i = 0; i < n_out; ++i) out[i] = vhost::take(outputs[i]);
    return VH_OK;
  } catch (const std::exception& e) {
    return vhost::fail(err, VH_ERR, e.what());
  }
}

Tensors checkpoint(Closure& closure, vh_scope* scope, const Tensors& inputs, uint32_t n_out = 1) {
  const vh_closure c = {sizeof(vh_closure), 0, &closure, closure_call,
                        [](void* ctx) { ++static_cast<Closure*>(ctx)->destroyed; }};
  std::vector<vh_tensor*> in;
  for (const at::Tensor& t : inputs) in.push_back(vhost::lend(t));
  std::vector<vh_tensor*> out(n_out, nullptr);
  vh_error err = vhost::new_error();
  vhost::check_status(
      autograd().checkpoint(&c, scope, in.data(), static_cast<uint32_t>(in.size()), out.data(), n_out, &err), err, "");
  Tensors outputs;
  for (vh_tensor* handle : out) outputs.push_back(vhost::adopt(handle));
  return outputs;
}

// Two linear layers with dropout between, and a parameter that nothing uses.
struct Block {
  vh_scope scope{"block.", 3, at::kCPU, at::kFloat, false};
  at::Tensor w1 = make("w1", {16, 8}), w2 = make("w2", {8, 16}), unused = make("unused", {4, 4});

  at::Tensor make(const char* name, std::vector<int64_t> shape) {
    vh_param p{};
    p.struct_size = sizeof(p);
    p.name = name;
    p.init = "xavier_uniform";
    p.shape = shape.data();
    p.rank = static_cast<int32_t>(shape.size());
    vh_tensor* out = nullptr;
    vh_error err = vhost::new_error();
    vhost::check_status(params().create(&scope, &p, &out, &err), err, "");
    return vhost::borrow(out);
  }
  at::Tensor forward(const at::Tensor& x) const {
    return at::linear(at::dropout(at::gelu(at::linear(x, w1)), 0.3, /*train=*/true), w2) + x;
  }
  Tensors gradients(const at::Tensor& y, const at::Tensor& x) const {
    Tensors targets = {w1, w2, unused};
    if (x.requires_grad()) targets.push_back(x);
    return torch::autograd::grad({y.to(at::kFloat).square().sum()}, targets, {}, /*retain_graph=*/false,
                                 /*create_graph=*/false, /*allow_unused=*/true);
  }
};

void check_same(const Tensors& a, const Tensors& b) {
  BOOST_REQUIRE_EQUAL(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    BOOST_REQUIRE_EQUAL(a[i].defined(), b[i].defined());
    if (a[i].defined()) BOOST_CHECK_MESSAGE(at::equal(a[i], b[i]), "gradient " << i << " differs");
  }
}

// Gradients with checkpointing equal those without, bit for bit.
void check_block(const at::Tensor& x, bool autocast, const std::function<at::Tensor(Block&, const at::Tensor&)>& body) {
  Block block;
  const auto run = [&](bool checkpointed) {
    at::manual_seed(11);
    set_autocast(autocast);
    Closure closure{[&](const Tensors& in) { return Tensors{body(block, in[0])}; }};
    const at::Tensor y = checkpointed ? checkpoint(closure, &block.scope, {x})[0] : body(block, x);
    const at::Tensor next = at::rand({4});
    set_autocast(false);
    const Tensors gradients = block.gradients(y, x);
    BOOST_CHECK_EQUAL(closure.calls, checkpointed ? 2 : 0);
    Tensors all = {y.detach(), next, at::rand({4})};
    all.insert(all.end(), gradients.begin(), gradients.end());
    return all;
  };
  check_same(run(true), run(false));
}

at::Tensor plain(Block& block, const at::Tensor& x) {
  return block.forward(x);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(autograd_tests)

BOOST_AUTO_TEST_CASE(a_function_has_the_gradients_of_finite_differences) {
  const vh_function fn = square();
  Probe p;
  const at::Tensor x = leaf(at::randn({3, 4}, at::kDouble)), w = leaf(at::randn({3, 4}, at::kDouble));
  const at::Tensor direction = at::randn({3, 4}, at::kDouble);
  const Tensors grads = torch::autograd::grad({apply(fn, p, {x, w})}, {x, w}, {direction});
  const double step = 1e-6;
  for (int which : {0, 1})
    for (int64_t i = 0; i < 12; ++i) {
      const auto at_offset = [&](double offset) {
        Tensors moved = {x.detach().clone(), w.detach().clone()};
        moved[static_cast<size_t>(which)].view(-1)[i] += offset;
        return (apply(fn, p, moved) * direction).sum().item<double>();
      };
      const double numeric = (at_offset(step) - at_offset(-step)) / (2 * step);
      BOOST_CHECK_SMALL(numeric - grads[static_cast<size_t>(which)].reshape(-1)[i].item<double>(), 1e-7);
    }
}

BOOST_AUTO_TEST_CASE(a_context_is_destroyed_exactly_once_whatever_happens) {
  vh_function fn = square();
  Probe no_grad, dropped, used, failed, incomplete, worker;
  apply(fn, no_grad, {at::ones({2})});
  BOOST_CHECK_EQUAL(no_grad.destroyed, 1);
  {
    const at::Tensor y = apply(fn, dropped, {leaf(at::ones({2}))});
    BOOST_CHECK_EQUAL(dropped.destroyed, 0);
  }
  BOOST_CHECK_EQUAL(dropped.destroyed, 1);
  {
    const at::Tensor y = apply(fn, used, {leaf(at::ones({2}))}).sum();
    torch::autograd::backward({y});
  }
  BOOST_CHECK_EQUAL(used.destroyed, 1);
  failed.fail_forward = true;
  check_text(exception_of([&] { apply(fn, failed, {leaf(at::ones({2}))}); }), "forward callback: x is unfit");
  BOOST_CHECK_EQUAL(failed.destroyed, 1);
  {
    const vhost::WorkerScope scope;
    check_text(exception_of([&] { apply(fn, worker, {at::ones({2})}); }), "not in a data worker");
  }
  BOOST_CHECK_EQUAL(worker.destroyed, 1);
  fn.backward = nullptr;
  check_text(exception_of([&] { apply(fn, incomplete, {at::ones({2})}); }), "forward or backward is missing");
  BOOST_CHECK_EQUAL(incomplete.destroyed, 1);
}

BOOST_AUTO_TEST_CASE(an_fp32_function_sees_fp32_inside_autocast_and_its_gradient_goes_back_in_bf16) {
  const vh_function fp32 = square(VH_FN_FP32), any = square();
  Probe p, q;
  const at::Tensor x = leaf(at::randn({3}).to(at::kBFloat16));
  set_autocast(true);
  const at::Tensor y = apply(fp32, p, {x});
  apply(any, q, {x});
  const bool still_on = at::autocast::is_autocast_enabled(at::kCPU);
  set_autocast(false);
  BOOST_CHECK(still_on);
  BOOST_CHECK_EQUAL(p.dtype_seen, VH_F32);
  BOOST_CHECK(!p.autocast_inside);
  BOOST_CHECK_EQUAL(q.dtype_seen, VH_BF16);
  BOOST_CHECK(q.autocast_inside);
  BOOST_CHECK(y.scalar_type() == at::kFloat);
  const at::Tensor g = torch::autograd::grad({y.sum()}, {x})[0];
  BOOST_CHECK(g.scalar_type() == at::kBFloat16);
  BOOST_CHECK(at::equal(g, (2 * x.detach().to(at::kFloat)).to(at::kBFloat16)));
}

BOOST_AUTO_TEST_CASE(contiguous_functions_get_contiguous_inputs_and_gradients) {
  const vh_function fn = square(VH_FN_CONTIGUOUS);
  Probe p;
  const at::Tensor x = leaf(at::randn({3, 4}));
  torch::autograd::backward({apply(fn, p, {x.t()}).t().sum()});
  BOOST_CHECK_EQUAL(p.contiguous_seen, 1);
  BOOST_CHECK_EQUAL(p.grad_contiguous_seen, 1);
  BOOST_CHECK(at::equal(x.grad(), 2 * x.detach()));
}

BOOST_AUTO_TEST_CASE(inputs_may_be_null_and_gradients_too) {
  const vh_function fn = square();
  Probe p;
  const at::Tensor x = leaf(at::ones({2}));
  torch::autograd::backward({apply(fn, p, {x, at::Tensor()}).sum()});
  BOOST_CHECK(at::equal(x.grad(), at::full({2}, 2.0)));
  check_text(exception_of([&] { apply(fn, p, {at::Tensor()}); }), "at least one input that isn't NULL");
  p.leave_null = true;
  check_text(exception_of([&] { apply(fn, p, {x}); }), "the forward callback left output 0 NULL");
}

BOOST_AUTO_TEST_CASE(a_failing_backward_reaches_the_caller_of_backward) {
  const vh_function fn = square();
  Probe p;
  p.fail_backward = true;
  at::Tensor y;
  {
    const vhost::PartScope part("loss toy/huber");
    y = apply(fn, p, {leaf(at::ones({2}))}).sum();
  }
  check_text(exception_of([&] { torch::autograd::backward({y}); }),
             "loss toy/huber: backward callback: the kernel didn't launch");
}

BOOST_AUTO_TEST_CASE(double_backward_says_that_there_is_none) {
  const vh_function fn = square();
  Probe p;
  const at::Tensor x = leaf(at::ones({2})), y = apply(fn, p, {x}).sum();
  check_text(exception_of([&] { torch::autograd::grad({y}, {x}, {}, true, /*create_graph=*/true); }),
             "has no double backward");
}

BOOST_AUTO_TEST_CASE(a_saved_tensor_that_was_written_to_is_noticed) {
  const vh_function fn = square();
  Probe p;
  const at::Tensor x = leaf(at::ones({2})), h = x * 2, y = apply(fn, p, {h}).sum();
  vh_error err = vhost::new_error();
  BOOST_REQUIRE(tensors().data_mut(vhost::lend(h), &err));
  check_text(exception_of([&] { torch::autograd::backward({y}); }), "modified by an inplace operation");
}

BOOST_AUTO_TEST_CASE(on_meta_the_shape_callback_stands_in) {
  vh_function fn = square();
  Probe p;
  const at::Tensor x = at::empty({2, 1 << 30}, at::TensorOptions().device(at::kMeta)).set_requires_grad(true);
  const at::Tensor y = apply(fn, p, {x});
  BOOST_CHECK(y.is_meta() && y.sizes() == x.sizes() && y.requires_grad());
  BOOST_CHECK_EQUAL(p.forwards, 0);
  torch::autograd::backward({y.sum()});
  BOOST_CHECK(x.grad().is_meta() && x.grad().sizes() == x.sizes());
  p.no_output_shape = true;
  check_text(exception_of([&] { apply(fn, p, {x}); }), "shape() gave 0 outputs, not 1");
  fn.shape = nullptr;
  check_text(exception_of([&] { apply(fn, p, {x}); }), "no shape callback, so it can't run on meta tensors");
}

// ---- checkpointing ----

BOOST_AUTO_TEST_CASE(checkpointing_repeats_dropout_and_leaves_the_random_state_alone) {
  check_block(leaf(at::randn({5, 8})), /*autocast=*/false, plain);
}

BOOST_AUTO_TEST_CASE(checkpointing_recomputes_under_the_forwards_autocast) {
  check_block(leaf(at::randn({5, 8})), /*autocast=*/true, plain);
}

BOOST_AUTO_TEST_CASE(checkpointing_behind_a_frozen_stem_still_trains_the_scope) {
  check_block(at::randn({5, 8}), /*autocast=*/false, plain);
  check_block(at::randn({5, 8}), /*autocast=*/true, plain);
}

BOOST_AUTO_TEST_CASE(checkpoints_nest) {
  int inner_calls = 0;
  check_block(leaf(at::randn({5, 8})), /*autocast=*/true, [&](Block& block, const at::Tensor& x) {
    Closure inner{[&](const Tensors& in) {
      ++inner_calls;
      return Tensors{block.forward(in[0])};
    }};
    // The graph keeps the closure's context; this one must outlive the backward pass.
    static std::vector<std::unique_ptr<Closure>> kept;
    kept.push_back(std::make_unique<Closure>(std::move(inner)));
    return checkpoint(*kept.back(), &block.scope, {x * 2})[0];
  });
  BOOST_CHECK_GE(inner_calls, 3);
}

BOOST_AUTO_TEST_CASE(a_closure_may_have_a_part_without_grad) {
  check_block(leaf(at::randn({5, 8})), /*autocast=*/false, [](Block& block, const at::Tensor& x) {
    at::Tensor scale;
    {
      const c10::NoGradGuard no_grad;
      scale = at::linear(x, block.w1).mean();
    }
    return block.forward(x) * scale;
  });
}

BOOST_AUTO_TEST_CASE(an_unused_parameter_gets_no_gradient_at_all) {
  Block block;
  Closure closure{[&](const Tensors& in) { return Tensors{block.forward(in[0])}; }};
  const at::Tensor y = checkpoint(closure, &block.scope, {at::randn({5, 8})})[0];
  torch::autograd::backward({y.sum()});
  BOOST_CHECK(block.w1.grad().defined() && block.w2.grad().defined());
  BOOST_CHECK(!block.unused.grad().defined());
}

BOOST_AUTO_TEST_CASE(autocasts_weight_cache_is_not_poisoned_by_the_first_pass) {
  Block block;
  const at::Tensor x = leaf(at::randn({5, 8}));
  const auto gradient = [&](bool checkpointed) {
    at::manual_seed(5);
    set_autocast(true);
    Closure closure{[&](const Tensors& in) { return Tensors{block.forward(in[0])}; }};
    const at::Tensor y = checkpointed ? checkpoint(closure, &block.scope, {x})[0] : block.forward(x);
    const at::Tensor z = at::linear(y.detach(), block.w1);  // the same weight again, outside
    set_autocast(false);
    return torch::autograd::grad({z.sum()}, {block.w1}, {}, {}, false, /*allow_unused=*/true)[0];
  };
  const at::Tensor mine = gradient(true), reference = gradient(false);
  BOOST_REQUIRE(mine.defined());
  BOOST_CHECK(at::equal(mine, reference));
}

BOOST_AUTO_TEST_CASE(without_grad_a_closure_just_runs) {
  Block block;
  Closure closure{[&](const Tensors& in) { return Tensors{block.forward(in[0])}; }};
  const c10::NoGradGuard no_grad;
  const at::Tensor y = checkpoint(closure, &block.scope, {leaf(at::randn({5, 8}))})[0];
  BOOST_CHECK(!y.requires_grad());
  BOOST_CHECK_EQUAL(closure.calls, 1);
  BOOST_CHECK_EQUAL(closure.destroyed, 1);
}

BOOST_AUTO_TEST_CASE(several_outputs_of_which_one_has_no_gradient) {
  Block block;
  const at::Tensor x = leaf(at::randn({5, 8}));
  const auto run = [&](bool checkpointed) {
    at::manual_seed(2);
    Closure closure{[&](const Tensors& in) {
      const at::Tensor y = block.forward(in[0]);
      return Tensors{y, y.argmax(1), y.square()};
    }};
    const Tensors out = checkpointed ? checkpoint(closure, &block.scope, {x}, 3) : closure.body({x});
    BOOST_CHECK(!out[1].requires_grad());
    return block.gradients(out[2], x);
  };
  check_same(run(true), run(false));
}

BOOST_AUTO_TEST_CASE(a_tensor_that_is_neither_input_nor_parameter_of_the_scope_is_refused) {
  Block block;
  const at::Tensor stranger = leaf(at::ones({8}));
  Closure closure{[&](const Tensors& in) { return Tensors{block.forward(in[0]) * stranger}; }};
  const at::Tensor y = checkpoint(closure, &block.scope, {at::randn({5, 8})})[0];
  check_text(exception_of([&] { torch::autograd::backward({y.sum()}); }),
             "uses a tensor f32[8] that requires grad and is neither an input nor a parameter of the scope 'block.'");
}

BOOST_AUTO_TEST_CASE(a_failing_closure_is_destroyed_and_says_why) {
  Block block;
  Closure closure{[&](const Tensors&) -> Tensors { throw std::runtime_error("no such block"); }};
  check_text(exception_of([&] {
               checkpoint(closure, &block.scope, {at::ones({5, 8})});
             }),
             "checkpointed closure: no such block");
  BOOST_CHECK_EQUAL(closure.destroyed, 1);
}

BOOST_AUTO_TEST_CASE(backward_may_run_on_another_thread_and_names_the_part) {
  Block block;
  std::string part;
  Closure closure{[&](const Tensors& in) {
    part = vhost::current_part();
    return Tensors{block.forward(in[0])};
  }};
  vhost::set_current_part("backbone toy/block");
  const at::Tensor y = checkpoint(closure, &block.scope, {leaf(at::randn({5, 8}))})[0].sum();
  vhost::set_current_part("");
  part.clear();
  std::thread([&] { torch::autograd::backward({y}); }).join();
  BOOST_CHECK_EQUAL(part, "backbone toy/block");
  BOOST_CHECK(block.w1.grad().defined());
}

BOOST_AUTO_TEST_CASE(no_handle_is_left_behind) {
  const int64_t before = vhost::live_handles();
  const vh_function fn = square();
  Probe p;
  {
    Block block;
    Closure closure{[&](const Tensors& in) { return Tensors{block.forward(in[0])}; }};
    const at::Tensor x = leaf(at::randn({5, 8}));
    const at::Tensor y = apply(fn, p, checkpoint(closure, &block.scope, {x}));
    torch::autograd::backward({y.sum()});
    p.fail_forward = true;
    exception_of([&] { apply(fn, p, {x}); });
  }
  BOOST_CHECK_EQUAL(vhost::live_handles(), before);
}

BOOST_AUTO_TEST_SUITE_END()
