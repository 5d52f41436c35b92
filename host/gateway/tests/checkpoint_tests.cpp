// Activation checkpointing, through vh.autograd/1: gradients equal those without it bit for bit.
#include <torch/csrc/autograd/autograd.h>

#include <boost/test/unit_test.hpp>
#include <functional>
#include <memory>
#include <thread>

#include "autograd_help.h"
#include "base/error.h"

using namespace tables;

namespace {

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

BOOST_AUTO_TEST_SUITE(checkpoint_tests)

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
  {
    Block block;
    Closure closure{[&](const Tensors& in) { return Tensors{block.forward(in[0])}; }};
    torch::autograd::backward({checkpoint(closure, &block.scope, {leaf(at::randn({5, 8}))})[0].sum()});
  }
  BOOST_CHECK_EQUAL(vhost::live_handles(), before);
}

BOOST_AUTO_TEST_SUITE_END()
