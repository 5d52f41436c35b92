// Custom functions, through vh.autograd/1.
#include <torch/csrc/autograd/autograd.h>

#include <boost/test/unit_test.hpp>

#include "autograd_help.h"
#include "base/error.h"

using namespace tables;

namespace {

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

BOOST_AUTO_TEST_CASE(casts_inside_a_function_are_not_reused_outside) {
  vh_function fn = square();
  fn.forward = [](void*, vh_tensor* const* in, uint32_t, vh_tensor** out, uint32_t, vh_map*, vh_error*) -> int32_t {
    out[0] = vhost::take(at::linear(vhost::borrow(in[0]), vhost::borrow(in[1])));
    return VH_OK;
  };
  Probe p;
  const at::Tensor x = at::randn({2, 3}), w = leaf(at::randn({4, 3}));
  set_autocast(true);
  apply(fn, p, {x, w});
  const at::Tensor y = at::linear(x, w);
  set_autocast(false);
  BOOST_CHECK(y.requires_grad());
  BOOST_CHECK(torch::autograd::grad({y.sum()}, {w})[0].defined());
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

BOOST_AUTO_TEST_CASE(no_handle_is_left_behind) {
  const int64_t before = vhost::live_handles();
  const vh_function fn = square();
  Probe p;
  {
    const at::Tensor x = leaf(at::randn({5, 8}));
    torch::autograd::backward({apply(fn, p, {x, x}).sum()});
    p.fail_forward = true;
    exception_of([&] { apply(fn, p, {x}); });
  }
  BOOST_CHECK_EQUAL(vhost::live_handles(), before);
}

BOOST_AUTO_TEST_SUITE_END()
