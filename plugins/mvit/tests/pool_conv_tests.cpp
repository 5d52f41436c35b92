// The plugin's own pooling convolution against LibTorch's: this program plays the plugin on the real gateway.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <boost/test/unit_test.hpp>

#include "../src/depthwise_conv.h"
#include "../src/pool_conv.h"
#include "../src/pool_projections.h"
#include "gateway/gateway.h"

namespace {

struct Connected {
  Connected() {
    vhost::register_gateway();
    vh::detail::connect(vhost::host_table());
  }
};
BOOST_GLOBAL_FIXTURE(Connected);

struct Case {
  int64_t batch, heads, channels;
  vh::Grid grid, stride;
  int64_t kernel_t = 3;
};
std::ostream& operator<<(std::ostream& out, const Case& c) {
  out << c.batch << "x" << c.heads << " maps of " << c.channels << " channels, grid ";
  for (const int64_t n : c.grid) out << n << " ";
  out << "stride ";
  for (const int64_t n : c.stride) out << n << " ";
  return out << "kernel_t " << c.kernel_t;
}

struct Results {
  at::Tensor y, grad_x, grad_weight;
};

at::Tensor kernel(const at::Tensor& x, const at::Tensor& w, const Case& c) {
  const vh::Tensor y =
      mvit::pool_conv(vh::Tensor::take(vhost::take(x)), c.grid, vh::Tensor::take(vhost::take(w)), c.stride);
  return vhost::borrow(y.get());
}

at::Tensor reference(const at::Tensor& x, const at::Tensor& w, const Case& c) {
  const at::Tensor maps = x.transpose(2, 3).reshape({c.batch * c.heads, c.channels, c.grid[0], c.grid[1], c.grid[2]});
  const at::Tensor y = at::conv3d(maps, w, {}, c.stride, {c.kernel_t / 2, 1, 1}, 1, c.channels);
  return y.reshape({c.batch, c.heads, c.channels, -1}).transpose(2, 3);
}

template <class F>
Results run(const F& f, const at::Tensor& x, const at::Tensor& w, const at::Tensor& grad, const Case& c) {
  const at::Tensor xg = x.detach().requires_grad_(), wg = w.detach().clone().requires_grad_();
  const at::Tensor y = f(xg, wg, c);
  const auto grads = torch::autograd::grad({y}, {xg, wg}, {grad.to(y.scalar_type())});
  return {y.detach(), grads[0], grads[1]};
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor wide = b.to(at::kDouble);
  return ((a.to(at::kDouble) - wide).norm() / wide.norm().clamp_min(1e-8)).item<double>();
}

struct Inputs {
  explicit Inputs(const Case& c) {
    const auto options = at::TensorOptions(at::kDouble);
    const int64_t n = vh::cells(c.grid);
    // Queries inside a projection of B x N x 3 x heads x C: tokens are far apart.
    x = at::randn({c.batch, n, 3, c.heads, c.channels}, options).select(2, 1).transpose(1, 2);
    weight = at::randn({c.channels, 1, c.kernel_t, 3, 3}, options);
    grad =
        at::randn({c.batch, vh::cells(mvit::pooled(c.grid, c.stride)), c.heads, c.channels}, options).transpose(1, 2);
  }
  at::Tensor x, weight, grad;
};

void check_types(const Case& c) {
  const Inputs in(c);
  const Results want = run(reference, in.x, in.weight, in.grad, c);
  const Results f64 = run(kernel, in.x, in.weight, in.grad, c);
  BOOST_TEST(f64.y.sizes() == want.y.sizes());
  BOOST_TEST(distance(f64.y, want.y) < 1e-14);
  BOOST_TEST(distance(f64.grad_x, want.grad_x) < 1e-14);
  BOOST_TEST(distance(f64.grad_weight, want.grad_weight) < 1e-14);
  const Results f32 = run(kernel, in.x.to(at::kFloat), in.weight.to(at::kFloat), in.grad, c);
  BOOST_TEST(distance(f32.y, want.y) < 1e-6);
  BOOST_TEST(distance(f32.grad_x, want.grad_x) < 1e-6);
  BOOST_TEST(distance(f32.grad_weight, want.grad_weight) < 1e-6);
}

// Inside autocast: bf16 tokens, fp32 weights. Sums in fp32, so that against the same rounded inputs only the result's
// own rounding is left.
void check_bf16(const Case& c) {
  const Inputs in(c);
  const at::Tensor x = in.x.to(at::kBFloat16), grad = in.grad.to(at::kBFloat16);
  const Results want = run(reference, x.to(at::kDouble), in.weight, grad.to(at::kDouble), c);
  const Results got = run(kernel, x, in.weight.to(at::kFloat), grad, c);
  BOOST_TEST((got.y.scalar_type() == at::kBFloat16));
  BOOST_TEST((got.grad_x.scalar_type() == at::kBFloat16));
  BOOST_TEST((got.grad_weight.scalar_type() == at::kFloat));
  BOOST_TEST(distance(got.y, want.y) < 3e-3);
  BOOST_TEST(distance(got.grad_x, want.grad_x) < 3e-3);
  BOOST_TEST(distance(got.grad_weight, want.grad_weight) < 1e-6);
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {1, 1, 96, {2, 14, 14}, {1, 1, 1}},   {2, 2, 96, {3, 8, 8}, {1, 2, 2}},      {1, 2, 96, {2, 16, 16}, {1, 4, 4}},
      {2, 1, 96, {2, 16, 24}, {1, 8, 8}},   {1, 2, 72, {3, 9, 15}, {1, 1, 1}},     {1, 1, 72, {2, 15, 17}, {1, 2, 2}},
      {1, 1, 20, {3, 13, 11}, {2, 4, 3}},   {2, 1, 7, {2, 5, 9}, {1, 2, 1}},       {1, 3, 1, {4, 3, 3}, {1, 1, 2}},
      {1, 1, 16, {1, 1, 1}, {1, 1, 1}},     {1, 1, 16, {1, 1, 1}, {1, 8, 8}},      {1, 2, 33, {2, 2, 2}, {1, 2, 2}},
      {1, 1, 16, {5, 4, 20}, {1, 2, 2}, 5}, {1, 2, 32, {1, 14, 10}, {1, 2, 2}, 1}, {2, 2, 32, {1, 9, 9}, {1, 1, 1}},
      {1, 1, 96, {2, 3, 57}, {1, 8, 8}},    {1, 1, 48, {2, 7, 16}, {1, 1, 5}}};
  return all;
}

struct UseIsa {
  explicit UseIsa(mvit::Isa isa) { mvit::use_isa(isa); }
  ~UseIsa() { mvit::use_isa(mvit::best_isa()); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(pool_conv_tests)

BOOST_AUTO_TEST_CASE(values_and_gradients_are_those_of_conv3d) {
  at::manual_seed(1);
  for (const mvit::Isa isa : {mvit::Isa::plain, mvit::Isa::avx2, mvit::Isa::avx512}) {
    if (isa > mvit::best_isa()) {
      BOOST_TEST_MESSAGE("skipped: this machine lacks instruction set " << static_cast<int>(isa));
      continue;
    }
    const UseIsa use(isa);
    for (const Case& c : cases())
      BOOST_TEST_CONTEXT(c << ", isa " << static_cast<int>(isa)) check_types(c), check_bf16(c);
  }
}

BOOST_AUTO_TEST_CASE(the_same_bits_for_any_number_of_threads) {
  const Case c{2, 2, 96, {4, 14, 14}, {1, 2, 2}};
  const Inputs in(c);
  const at::Tensor x = in.x.to(at::kFloat), w = in.weight.to(at::kFloat);
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Results one = run(kernel, x, w, in.grad, c);
  for (const int threads : {2, 3}) {
    at::set_num_threads(threads);
    const Results many = run(kernel, x, w, in.grad, c);
    BOOST_TEST(at::equal(one.y, many.y));
    BOOST_TEST(at::equal(one.grad_x, many.grad_x));
    BOOST_TEST(at::equal(one.grad_weight, many.grad_weight));
  }
  at::set_num_threads(before);
}

BOOST_AUTO_TEST_CASE(bf16_rounds_to_even_and_keeps_nan) {
  const Case c{1, 1, 32, {1, 1, 4}, {1, 1, 1}, 1};
  at::Tensor x = at::randn({1, 1, 4, 32}).to(at::kBFloat16);
  x.select(2, 3).fill_(std::numeric_limits<float>::quiet_NaN());
  at::Tensor w = at::zeros({32, 1, 1, 3, 3});
  w.select(3, 1).select(3, 1).fill_(1.5);  // one bit more than bf16 holds: ties
  // Rounded like a number, a NaN of all ones would become -0.
  w.view(at::kInt).select(0, 5).fill_(0x7fffffff);
  const at::Tensor y = kernel(x, w, c),
                   want = (x.to(at::kFloat) * w.select(3, 1).select(3, 1).view(32)).to(at::kBFloat16);
  BOOST_TEST(y.select(3, 5).isnan().all().item<bool>());
  BOOST_TEST(at::equal(y.slice(2, 0, 2).slice(3, 6), want.slice(2, 0, 2).slice(3, 6)));
  BOOST_TEST(y.select(2, 3).isnan().all().item<bool>());
}

BOOST_AUTO_TEST_CASE(a_frozen_input_or_weight_costs_nothing_and_changes_nothing) {
  const Case c{1, 2, 32, {2, 6, 6}, {1, 2, 2}};
  const Inputs in(c);
  const Results want = run(reference, in.x, in.weight, in.grad, c);
  const at::Tensor w = in.weight.clone().requires_grad_(), x = in.x.detach().requires_grad_();
  BOOST_TEST(distance(torch::autograd::grad({kernel(in.x, w, c)}, {w}, {in.grad})[0], want.grad_weight) < 1e-14);
  BOOST_TEST(distance(torch::autograd::grad({kernel(x, in.weight, c)}, {x}, {in.grad})[0], want.grad_x) < 1e-14);
}

BOOST_AUTO_TEST_CASE(on_meta_tensors_only_sizes) {
  const Case c{2, 2, 96, {4, 14, 14}, {1, 2, 2}};
  const at::Tensor x = at::empty({2, 2, 784, 96}, at::kMeta), w = at::empty({96, 1, 3, 3, 3}, at::kMeta);
  const at::Tensor y = kernel(x, w, c);
  BOOST_TEST(y.is_meta());
  BOOST_TEST(y.sizes() == at::IntArrayRef({2, 2, 196, 96}));
}

BOOST_AUTO_TEST_CASE(tokens_that_are_not_the_grids_are_refused) {
  const Case c{1, 1, 32, {2, 6, 6}, {1, 2, 2}};
  const auto says = [](const std::exception& e) {
    return std::string(e.what()).find("71 tokens of 32 channels, but a grid of 72 cells") != std::string::npos;
  };
  BOOST_CHECK_EXCEPTION(kernel(at::zeros({1, 1, 71, 32}), at::zeros({32, 1, 3, 3, 3}), c), vh::Error, says);
}

// All three in their projection against one conv3d each; loss over every output, or over the keys alone.
BOOST_AUTO_TEST_CASE(projections_are_pooled_where_they_lie) {
  at::manual_seed(2);
  const vh::Grid grid{2, 9, 14};
  const std::array<vh::Grid, 3> strides{{{1, 1, 1}, {1, 2, 2}, {1, 4, 4}}};
  for (const int64_t prefix : {0, 1})
    for (const bool keys_only : {false, true}) {
      at::Tensor all = at::randn({2, prefix + vh::cells(grid), 3, 2, 24}, at::kDouble).requires_grad_();
      std::vector<at::Tensor> inputs{all}, got, want;
      std::array<vh::Tensor, 3> weights;
      for (size_t i = 0; i < 3; ++i) {
        inputs.push_back(at::randn({24, 1, 3, 3, 3}, at::kDouble).requires_grad_());
        weights[i] = vh::Tensor::take(vhost::take(inputs.back()));
      }
      const auto p = mvit::pool_projections(vh::Tensor::take(vhost::take(all)), prefix, grid, weights, strides);
      for (const vh::Tensor* t : {&p.q, &p.k, &p.v}) got.push_back(vhost::borrow(t->get()));
      if (prefix) got.push_back(vhost::borrow(p.q_class.get()));
      BOOST_TEST(p.q_class.defined() == (prefix == 1));
      for (size_t i = 0; i < 3; ++i) {
        const at::Tensor x = all.select(2, static_cast<int64_t>(i)).transpose(1, 2);
        const at::Tensor y = reference(x.slice(2, prefix), inputs[i + 1], {2, 2, 24, grid, strides[i]});
        want.push_back(i == 0 ? y : at::cat({x.slice(2, 0, prefix), y}, 2));
      }
      if (prefix) want.push_back(all.slice(1, 0, 1).select(2, 0).transpose(1, 2));
      std::vector<at::Tensor> grads;
      for (size_t i = 0; i < want.size(); ++i) {
        BOOST_TEST(distance(got[i], want[i]) < 1e-14);
        grads.push_back(at::randn_like(want[i]));
      }
      const auto pick = [&](const std::vector<at::Tensor>& from) {
        return keys_only ? std::vector<at::Tensor>{from[1]} : from;
      };
      const auto differentiate = [&](const std::vector<at::Tensor>& y) {
        return torch::autograd::grad(pick(y), {all, inputs[2]}, pick(grads), true);
      };
      const auto a = differentiate(got), b = differentiate(want);
      BOOST_TEST(distance(a[0], b[0]) < 1e-14);
      BOOST_TEST(distance(a[1], b[1]) < 1e-14);
    }
}

BOOST_AUTO_TEST_SUITE_END()
