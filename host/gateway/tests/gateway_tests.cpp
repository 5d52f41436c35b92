#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "base/error.h"
#include "service_tables.h"
#include "vhost/op_schemas.h"
#include "vhost/random.h"

using namespace tables;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}
void check_text(const std::string& text, const std::string& part) {
  BOOST_CHECK_MESSAGE(contains(text, part), "\"" << text << "\" doesn't say \"" << part << "\"");
}

struct CpuAutocast {
  CpuAutocast() { at::autocast::set_autocast_enabled(at::kCPU, true); }
  ~CpuAutocast() {
    at::autocast::set_autocast_enabled(at::kCPU, false);
    at::autocast::clear_cache();
  }
};

std::string find_error(const char* schema) {
  vh_error err = vhost::new_error();
  return ops().find(schema, &err) ? "found" : err.message;
}

vh_param param(const char* name, const std::vector<int64_t>& shape, const char* init = nullptr) {
  vh_param p{};
  p.struct_size = sizeof(p);
  p.name = name;
  p.init = init;
  p.shape = shape.data();
  p.rank = static_cast<int32_t>(shape.size());
  return p;
}

at::Tensor make(vh_scope& scope, const char* name, const std::vector<int64_t>& shape, const char* init) {
  const vh_param p = param(name, shape, init);
  vh_tensor* out = nullptr;
  vh_error err = vhost::new_error();
  vhost::check_status(params().create(&scope, &p, &out, &err), err, "");
  return vhost::borrow(out);
}

std::string param_error(vh_scope& scope, const vh_param& p) {
  vh_tensor* out = nullptr;
  vh_error err = vhost::new_error();
  return params().create(&scope, &p, &out, &err) ? err.message : "no error";
}

vh_scope new_scope(uint64_t seed = 1, bool meta = false) {
  return vh_scope("backbone.", seed, at::kCPU, at::kFloat, meta);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gateway_tests)

// ---- errors ----

BOOST_AUTO_TEST_CASE(a_wrong_tag_names_operator_argument_and_wanted_type) {
  const at::Tensor x = at::ones({2, 3});
  const std::string text = error_of(VH_SCHEMA_LINEAR, {value(x), value(int64_t{5})});
  check_text(text, "status 2, aten::linear: argument 2 'weight' must be Tensor, not int 5");
  check_text(error_of(VH_SCHEMA_RELU, {none()}), "aten::relu: argument 1 'self' must be Tensor, not none");
  check_text(error_of(VH_SCHEMA_RELU, {value(at::Tensor())}), "argument 1 'self' must be Tensor, not a NULL Tensor");
  check_text(error_of(VH_SCHEMA_SUM_DIM, {value(x), value(0.5)}), "argument 2 'dim' must be int[1]?, not float 0.5");
  check_text(error_of(VH_SCHEMA_SUM_DIM, {value(x), value(int64_t{0}), value(int64_t{1})}),
             "argument 3 'keepdim' must be bool, not int 1");
  check_text(error_of(VH_SCHEMA_PAD, {value(x), ints({1, 1}), value(int64_t{3})}),
             "argument 3 'mode' must be str, not int 3");
  vh_value unknown{77, 0, {}};
  check_text(error_of(VH_SCHEMA_RELU, {unknown}), "not a value with the unknown tag 77");
  vh_value type{VH_DTYPE, 0, {}};
  type.v.i = 99;
  check_text(error_of(VH_SCHEMA_TO_DTYPE, {value(x), type}),
             "argument 2 'dtype' must be ScalarType, not dtype number 99");
}

BOOST_AUTO_TEST_CASE(a_null_in_a_tensor_list_is_refused_where_the_schema_has_no_optional) {
  const at::Tensor x = at::ones({2, 3});
  vh_tensor* handles[] = {vhost::lend(x), nullptr};
  vh_value list{VH_TENSORS, 2, {}};
  list.v.ts = handles;
  check_text(error_of(VH_SCHEMA_CAT, {list}),
             "argument 1 'tensors' must be Tensor[], not a list of 2 Tensors, NULL at 1");
  list.v.ts = nullptr;
  check_text(error_of(VH_SCHEMA_CAT, {list}), "not a list of 2 items at NULL");
}

BOOST_AUTO_TEST_CASE(wrong_counts_are_refused) {
  const at::Tensor x = at::ones({2, 3});
  check_text(error_of(VH_SCHEMA_RELU, {value(x), value(x)}), "status 2, aten::relu: takes 1 arguments, not 2");
  check_text(error_of(VH_SCHEMA_LINEAR, {value(x)}),
             "aten::linear: argument 2 'weight' must be Tensor, and is missing");
  check_text(error_of(VH_SCHEMA_MAX_DIM, {value(x), value(int64_t{0})}), "aten::max.dim: gives 2 results, not 1");
  check_text(error_of(VH_SCHEMA_LINEAR, {value(x), unset()}), "not default, which this argument doesn't have");
}

BOOST_AUTO_TEST_CASE(an_execution_error_has_shapes_and_part_and_no_backtrace) {
  vhost::set_current_part("backbone videomae/vit");
  const std::string text = error_of(VH_SCHEMA_MM, {value(at::ones({2, 3})), value(at::ones({4, 5}))});
  vhost::set_current_part("");
  check_text(text, "aten::mm: ");  // LibTorch 2.15 says "mm: " once more
  check_text(text, "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)");
  check_text(text, "(inputs: self f32[2,3], mat2 f32[4,5])");
  check_text(text, "@ backbone videomae/vit");
  BOOST_CHECK(!contains(text, "Exception raised") && !contains(text, "frame #"));
}

BOOST_AUTO_TEST_CASE(operators_and_tensors_refuse_a_worker) {
  const at::Tensor x = at::ones({2});
  const vhost::WorkerScope worker;
  check_text(error_of(VH_SCHEMA_RELU, {value(x)}), "status 7, aten::relu: operators can't be called in a data worker");
  vh_tensor* out = nullptr;
  const int64_t size = 2;
  BOOST_CHECK_EQUAL(tensors().empty(&size, 1, VH_F32, VH_CPU, 0, &out, nullptr), VH_ERR_THREAD);
}

BOOST_AUTO_TEST_CASE(a_null_error_is_allowed) {
  BOOST_CHECK(!ops().find("aten::nothing(Tensor self) -> Tensor", nullptr));
  BOOST_CHECK_EQUAL(ops().call(nullptr, nullptr, 0, nullptr, 0, nullptr), VH_ERR_ARGUMENT);
}

// ---- schemas ----

BOOST_AUTO_TEST_CASE(find_gives_the_same_operator_twice) {
  BOOST_CHECK_EQUAL(ops().find(VH_SCHEMA_ADD, nullptr), ops().find(VH_SCHEMA_ADD, nullptr));
}

BOOST_AUTO_TEST_CASE(calls_written_for_an_older_schema_run) {
  const at::Tensor x = at::randn({3, 4}), q = at::randn({2, 2, 5, 8});
  // 2.0.1: var.correction took `int? correction`; it became a Scalar.
  const at::Tensor variance = call(
      "aten::var.correction(Tensor self, int[1]? dim=None, *, int? correction=None, "
      "bool keepdim=False) -> Tensor",
      {value(x), ints({1}), value(int64_t{0}), flag(true)});
  BOOST_CHECK(at::equal(variance, x.var(at::IntArrayRef{1}, at::Scalar(0), true)));
  // 2.0.1: no scale and no enable_gqa.
  const at::Tensor attention = call(
      "aten::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, "
      "Tensor? attn_mask=None, float dropout_p=0.0, bool is_causal=False) -> Tensor",
      {value(q), value(q), value(q), none(), value(0.0), flag(true)});
  BOOST_CHECK(at::equal(attention, at::scaled_dot_product_attention(q, q, q, {}, 0.0, true)));
  // int where it is SymInt now, another argument name, fewer defaults.
  const at::Tensor narrowed = call("aten::narrow(Tensor(a) x, int axis, int start, int length) -> Tensor(a)",
                                   {value(x), value(int64_t{1}), value(int64_t{1}), value(int64_t{2})});
  BOOST_CHECK(at::equal(narrowed, x.narrow(1, 1, 2)));
}

BOOST_AUTO_TEST_CASE(keyword_arguments_are_mapped_by_name) {
  const at::Tensor x = at::randn({3, 4}), y = at::randn({4, 5}), z = at::randn({3, 5});
  const at::Tensor sum =
      call("aten::addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar alpha=1, Scalar beta=1) -> Tensor",
           {value(z), value(x), value(y), value(2.0), value(0.5)});
  BOOST_CHECK(at::equal(sum, at::addmm(z, x, y, /*beta=*/0.5, /*alpha=*/2.0)));
}

BOOST_AUTO_TEST_CASE(schemas_that_no_longer_fit_say_why) {
  check_text(find_error("what?"), "\"what?\" is no operator schema");
  check_text(find_error("aten::add.Nothing(Tensor self) -> Tensor"), "aten::add.Nothing: not in LibTorch");
  check_text(find_error("aten::add.Nothing(Tensor self) -> Tensor"), "aten::add.Tensor");
  check_text(find_error("aten::relu(Tensor self, *, bool quick=False) -> Tensor"),
             "aten::relu: argument 'quick' is gone");
  check_text(find_error("aten::relu(float self) -> Tensor"), "argument 1 'self' is float in the schema, but Tensor in");
  check_text(find_error("aten::mm(Tensor self) -> Tensor"),
             "wants an argument 'mat2' (Tensor) that the schema doesn't have");
  check_text(find_error("aten::relu(Tensor self) -> (Tensor, Tensor)"), "gives 1 results in");
}

// ---- modes ----

BOOST_AUTO_TEST_CASE(autocast_reaches_operators) {
  const at::Tensor x = at::randn({2, 4}), w = at::randn({3, 4});
  BOOST_CHECK(call(VH_SCHEMA_LINEAR, {value(x), value(w)}).scalar_type() == at::kFloat);
  const CpuAutocast autocast;
  const at::Tensor y = call(VH_SCHEMA_LINEAR, {value(x), value(w)});
  BOOST_CHECK(y.scalar_type() == at::kBFloat16);
  BOOST_CHECK(at::equal(y, at::linear(x, w)));
}

BOOST_AUTO_TEST_CASE(no_grad_reaches_operators) {
  const at::Tensor x = at::randn({2, 4}).set_requires_grad(true);
  BOOST_CHECK(call(VH_SCHEMA_RELU, {value(x)}).requires_grad());
  const c10::NoGradGuard no_grad;
  BOOST_CHECK(!call(VH_SCHEMA_RELU, {value(x)}).requires_grad());
}

BOOST_AUTO_TEST_CASE(meta_tensors_have_shapes_and_no_data) {
  vh_tensor* x = nullptr;
  const int64_t size[] = {2, 1 << 20, 1 << 20};
  BOOST_REQUIRE_EQUAL(tensors().empty(size, 3, VH_F32, VH_META, 0, &x, nullptr), VH_OK);
  const at::Tensor meta = vhost::adopt(x);
  const at::Tensor y = call(VH_SCHEMA_BMM, {value(meta), value(meta)});
  BOOST_CHECK(y.is_meta() && y.size(2) == 1 << 20);
  BOOST_CHECK(!tensors().data(vhost::lend(y)));
  vh_error err = vhost::new_error();
  BOOST_CHECK(!tensors().data_mut(vhost::lend(y), &err));
  check_text(std::string(err.message), "data_mut: a meta tensor has no data");
  double item = 0;
  BOOST_CHECK_EQUAL(tensors().item(vhost::lend(y), &item, &err), VH_ERR);
  int32_t type = -1;
  tensors().device(vhost::lend(y), &type, nullptr);
  BOOST_CHECK_EQUAL(type, VH_META);
}

BOOST_AUTO_TEST_CASE(losses_and_spreads_on_meta_take_no_memory) {
  const at::TensorOptions options = at::TensorOptions().device(at::kMeta);
  const at::Tensor x = at::empty({1 << 20, 1 << 22}, options).requires_grad_(), y = at::empty_like(x);  // 16 TiB
  for (const at::Tensor& loss : {at::mse_loss(x, y, at::Reduction::None), at::smooth_l1_loss(x, y),
                                 at::var(x, at::OptionalIntArrayRef({1}), 1), at::std(x)}) {
    x.mutable_grad().reset();
    loss.sum().backward();
    BOOST_CHECK(x.grad().is_meta() && x.grad().sizes() == x.sizes());
  }
}

BOOST_AUTO_TEST_CASE(flops_are_counted_on_meta_and_only_between_start_and_stop) {
  const auto meta = [](std::vector<int64_t> sizes) { return at::empty(sizes, at::TensorOptions().device(at::kMeta)); };
  const auto count = [](const char* schema, const std::vector<vh_value>& args) {
    vhost::FlopCounter::start();
    call(schema, args);
    return vhost::FlopCounter::stop();
  };
  const at::Tensor x = meta({2, 3, 4}), w = meta({5, 4}), q = meta({2, 8, 7, 16}), k = meta({2, 8, 9, 16});
  const at::Tensor b = meta({2, 4, 6}), image = meta({1, 8, 10, 10}), kernel = meta({16, 2, 3, 3}),
                   up = meta({8, 4, 2, 2});
  BOOST_CHECK_EQUAL(count(VH_SCHEMA_LINEAR, {value(x), value(w)}), 2 * 6 * 4 * 5);
  BOOST_CHECK_EQUAL(count(VH_SCHEMA_BMM, {value(x), value(b)}), 2 * 2 * 3 * 4 * 6);
  BOOST_CHECK_EQUAL(count(VH_SCHEMA_SCALED_DOT_PRODUCT_ATTENTION, {value(q), value(k), value(k)}), 2 * 16 * 7 * 9 * 32);
  BOOST_CHECK_EQUAL(count(VH_SCHEMA_CONV2D, {value(image), value(kernel), none(), ints({1, 1}), ints({1, 1}),
                                             ints({1, 1}), value(int64_t{4})}),
                    2 * 16 * 100 * 2 * 9);
  BOOST_CHECK_EQUAL(count(VH_SCHEMA_CONV_TRANSPOSE2D, {value(image), value(up), none(), ints({2, 2})}), 2 * 800 * 16);
  vh_tensor* operands[] = {vhost::lend(x), vhost::lend(b)};
  vh_value list{VH_TENSORS, 2, {}};
  list.v.ts = operands;
  BOOST_CHECK_EQUAL(count(VH_SCHEMA_EINSUM, {value("bij,bjk->bik"), list}), 2 * 2 * 3 * 4 * 6);
  BOOST_CHECK_EQUAL(count(VH_SCHEMA_EINSUM, {value("...ij,...jk->...ik"), list}), 2 * 2 * 3 * 4 * 6);
  BOOST_CHECK_EQUAL(count(VH_SCHEMA_RELU, {value(x)}), 0);
  call(VH_SCHEMA_LINEAR, {value(x), value(w)});
  BOOST_CHECK_EQUAL(vhost::FlopCounter::stop(), 0);
}

BOOST_AUTO_TEST_CASE(activations_are_what_backward_may_need) {
  const auto meta = [](std::vector<int64_t> sizes) {
    return at::empty(sizes, at::TensorOptions().device(at::kMeta)).requires_grad_();
  };
  const auto bytes = [](const char* schema, const std::vector<vh_value>& args) {
    vhost::FlopCounter::start();
    call(schema, args);
    vhost::FlopCounter::stop();
    return vhost::FlopCounter::activation_bytes();
  };
  const at::Tensor x = meta({2, 3, 4}), w = meta({5, 4});
  BOOST_CHECK_EQUAL(bytes(VH_SCHEMA_LINEAR, {value(x), value(w)}), 4 * 2 * 3 * 5);
  BOOST_CHECK_EQUAL(bytes(VH_SCHEMA_UNSQUEEZE, {value(x), value(int64_t{1})}), 0);  // a view of x
  const at::Tensor plain = x.detach();
  BOOST_CHECK_EQUAL(bytes(VH_SCHEMA_RELU, {value(plain)}), 0);
}

// ---- tensors, maps, generators ----

BOOST_AUTO_TEST_CASE(tensors_go_to_the_host_and_back) {
  const float data[] = {1, 2, 3, 4, 5, 6};
  const int64_t size[] = {2, 3};
  vh_tensor* t = nullptr;
  BOOST_REQUIRE_EQUAL(tensors().from_host(data, size, 2, VH_F32, VH_CPU, 0, &t, nullptr), VH_OK);
  BOOST_CHECK_EQUAL(tensors().rank(t), 2);
  BOOST_CHECK_EQUAL(tensors().sizes(t)[1], 3);
  BOOST_CHECK_EQUAL(tensors().strides(t)[0], 3);
  BOOST_CHECK_EQUAL(tensors().dtype(t), VH_F32);
  const at::Tensor turned = vhost::borrow(t).t();
  float back[6] = {};
  BOOST_REQUIRE_EQUAL(tensors().to_host(vhost::lend(turned), back, sizeof(back), nullptr), VH_OK);
  BOOST_CHECK_EQUAL(back[1], 4);
  vh_error err = vhost::new_error();
  BOOST_CHECK_EQUAL(tensors().to_host(t, back, 20, &err), VH_ERR);
  check_text(std::string(err.message), "f32[2,3] has 24 bytes, the buffer 20");
  tensors().release(t);
}

BOOST_AUTO_TEST_CASE(writing_bumps_the_version_and_refuses_a_leaf) {
  const at::Tensor x = at::ones({2}).set_requires_grad(true);
  vh_error err = vhost::new_error();
  BOOST_CHECK(!tensors().data_mut(vhost::lend(x), &err));
  check_text(std::string(err.message), "a leaf tensor that requires grad can't be written while grad mode is on");
  const at::Tensor scale = at::ones({2});
  const at::Tensor y = (x * scale).sum();
  BOOST_REQUIRE(tensors().data_mut(vhost::lend(scale), &err));
  BOOST_CHECK_THROW(torch::autograd::backward({y}), c10::Error);
}

BOOST_AUTO_TEST_CASE(maps_keep_order_replace_and_refuse_when_read_only) {
  vh_map map;
  const at::Tensor a = at::ones({1}), b = at::zeros({1});
  BOOST_CHECK_EQUAL(maps().put(&map, "x", vhost::lend(a)), VH_OK);
  BOOST_CHECK_EQUAL(maps().put(&map, "y", vhost::lend(a)), VH_OK);
  BOOST_CHECK_EQUAL(maps().put(&map, "x", vhost::lend(b)), VH_OK);
  BOOST_CHECK_EQUAL(maps().count(&map), 2u);
  BOOST_CHECK_EQUAL(maps().key_at(&map, 0), "x");
  BOOST_CHECK(!maps().key_at(&map, 2));
  BOOST_CHECK_EQUAL(maps().get(&map, "x"), vhost::lend(b));
  BOOST_CHECK(!maps().get(&map, "z"));
  BOOST_CHECK_EQUAL(maps().put(&map, "n", nullptr), VH_ERR_ARGUMENT);
  map.read_only = true;
  BOOST_CHECK_EQUAL(maps().put(&map, "x", vhost::lend(a)), VH_ERR_ARGUMENT);
}

BOOST_AUTO_TEST_CASE(a_generator_of_ones_own_is_independent_of_the_default_one) {
  const auto draw = [](uint64_t seed) {
    vh_generator* generator = nullptr;
    BOOST_REQUIRE_EQUAL(rng().generator_new(seed, VH_CPU, 0, &generator, nullptr), VH_OK);
    vh_value g{VH_GENERATOR, 0, {}};
    g.v.p = generator;
    const at::Tensor numbers = call(VH_SCHEMA_RAND, {ints({8}), g});
    rng().generator_release(generator);
    return numbers;
  };
  at::manual_seed(1);
  const at::Tensor first = draw(5);
  at::manual_seed(2);
  BOOST_CHECK(at::equal(first, draw(5)));
  BOOST_CHECK(!at::equal(first, draw(6)));
}

BOOST_AUTO_TEST_CASE(handles_are_counted_also_when_a_call_fails) {
  const int64_t before = vhost::live_handles();
  const at::Tensor x = at::ones({4, 2});
  vh_tensor* kept = vhost::take(x);
  tensors().retain(kept);
  BOOST_CHECK_EQUAL(vhost::live_handles(), before + 2);
  tensors().release(kept);
  tensors().release(kept);
  tensors().release(nullptr);
  error_of(VH_SCHEMA_MM, {value(x), value(x)});
  vh_value ret{VH_NONE, 0, {}};
  const std::vector<vh_value> args = {value(x)};
  BOOST_REQUIRE_EQUAL(ops().call(ops().find(VH_SCHEMA_UNBIND, nullptr), args.data(), 1, &ret, 1, nullptr), VH_OK);
  auto* list = static_cast<vh_list*>(ret.v.p);
  BOOST_CHECK_EQUAL(ops().list_size(list), 4u);
  BOOST_CHECK(!ops().list_get(list, 4));
  ops().list_release(list);
  BOOST_CHECK_EQUAL(vhost::live_handles(), before);
}

// ---- parameters ----

BOOST_AUTO_TEST_CASE(initial_values_depend_on_seed_and_full_name_alone) {
  vh_scope one = new_scope(), two = new_scope(), other = new_scope(2);
  const at::Tensor a = make(one, "a.weight", {8, 8}, "normal(std=0.02)"),
                   b = make(one, "b.weight", {8, 8}, "normal(std=0.02)");
  make(two, "b.weight", {8, 8}, "normal(std=0.02)");
  vh_scope* child = params().child(&two, "a");
  BOOST_REQUIRE(child);
  BOOST_CHECK_EQUAL(params().child(&two, "a"), child);
  BOOST_CHECK(at::equal(a, make(*child, "weight", {8, 8}, "normal(std=0.02)")));
  BOOST_CHECK(!at::equal(a, b));
  BOOST_CHECK(!at::equal(a, make(other, "a.weight", {8, 8}, "normal(std=0.02)")));
  BOOST_CHECK_EQUAL(two.all()[0]->name, "backbone.b.weight");
  BOOST_CHECK_EQUAL(two.all()[1]->name, "backbone.a.weight");
  BOOST_CHECK(a.requires_grad() && a.is_leaf());
}

BOOST_AUTO_TEST_CASE(an_initial_value_is_the_one_recorded) {
  vh_scope scope = new_scope(7);
  const at::Tensor t = make(scope, "w", {3}, "uniform(a=-1,b=1)");
  vh_random r = vh_random_from(vh_hash2(vh_hash2(7, vh_hash_text("backbone.w")), 2));
  BOOST_CHECK_EQUAL(t[2].item<float>(), static_cast<float>(vh_random_uniform(&r, -1, 1)));
}

BOOST_AUTO_TEST_CASE(initialisers_have_their_moments_and_bounds) {
  vh_scope scope = new_scope();
  const auto near = [](double value, double wanted, double relative) {
    return std::abs(value - wanted) <= relative * std::abs(wanted);
  };
  const at::Tensor n = make(scope, "n", {300, 400}, "normal(mean=1,std=0.5)");
  BOOST_CHECK(near(n.mean().item<double>(), 1, 0.01) && near(n.std().item<double>(), 0.5, 0.01));
  const at::Tensor t = make(scope, "t", {300, 400}, "trunc_normal(std=1,a=-1,b=1)");
  BOOST_CHECK(t.abs().max().item<double>() <= 1 && near(t.std().item<double>(), 0.5396, 0.01));
  const at::Tensor tail = make(scope, "tail", {200, 200}, "trunc_normal(std=1,a=2,b=3)");
  BOOST_CHECK(tail.min().item<double>() >= 2 && tail.max().item<double>() <= 3 &&
              near(tail.mean().item<double>(), 2.3159, 0.01));
  const double xavier = std::sqrt(6.0 / (300 + 400)), linear = 1 / std::sqrt(400.0);
  const at::Tensor x = make(scope, "x", {300, 400}, "xavier_uniform");
  BOOST_CHECK(near(x.max().item<double>(), xavier, 0.01) && near(x.min().item<double>(), -xavier, 0.01));
  const at::Tensor k = make(scope, "k", {300, 400}, "kaiming_uniform"),
                   b = make(scope, "b", {3000}, "bias_uniform(fan_in=400)");
  BOOST_CHECK(near(k.max().item<double>(), linear, 0.01) && near(b.max().item<double>(), linear, 0.01));
  const at::Tensor c = make(scope, "c", {64, 4, 2, 2}, "xavier_normal(gain=2)");
  BOOST_CHECK(near(c.std().item<double>(), 2 * std::sqrt(2.0 / (16 + 256)), 0.05));
  BOOST_CHECK(at::equal(make(scope, "v", {2}, "constant(v=0.5)"), at::full({2}, 0.5)));
}

BOOST_AUTO_TEST_CASE(wrong_parameters_are_refused_with_name_and_reason) {
  vh_scope scope = new_scope();
  const std::vector<int64_t> shape = {4, 4}, empty = {4, 0}, flat = {4};
  make(scope, "w", shape, "ones");
  check_text(param_error(scope, param("w", shape)), "parameter 'backbone.w': the name is used twice");
  check_text(param_error(scope, param("w w", shape)), "a name has letters, digits");
  check_text(param_error(scope, param("a", shape, "norml(std=1)")),
             "there is no initialiser \"norml\" (did you mean \"normal\"?)");
  check_text(param_error(scope, param("a", shape, "normal(sd=1)")), "\"normal\" takes no \"sd\"");
  check_text(param_error(scope, param("a", shape, "normal(std=x)")), "\"x\" is no number");
  check_text(param_error(scope, param("a", shape, "normal(std=1")), "the closing bracket is missing");
  check_text(param_error(scope, param("a", flat, "xavier_uniform")), "wants at least two dimensions");
  check_text(param_error(scope, param("a", empty)), "shape [4,0]: every size must be at least 1");
  vh_param integer = param("a", shape);
  integer.dtype = VH_I64;
  check_text(param_error(scope, integer), "a parameter must have a float type; use a buffer");
  BOOST_CHECK_EQUAL(scope.all().size(), 1u);
}

BOOST_AUTO_TEST_CASE(roles_flags_values_and_meta) {
  vh_scope scope = new_scope(), meta = new_scope(1, true), teacher = new_scope();
  teacher.frozen = true;
  const std::vector<int64_t> shape = {2, 2};
  vh_param p = param("b", shape);
  p.role = VH_BUFFER;
  p.dtype = VH_I64;
  p.on_resize = "recompute";
  vh_tensor* out = nullptr;
  BOOST_REQUIRE_EQUAL(params().create(&scope, &p, &out, nullptr), VH_OK);
  BOOST_CHECK(!vhost::borrow(out).requires_grad());
  BOOST_CHECK_EQUAL(scope.all()[0]->on_resize, "recompute");
  BOOST_CHECK_EQUAL(scope.all()[0]->lr_scale, 1);
  const at::Tensor given = at::randn({2, 2});
  vh_param v = param("v", shape);
  v.value = vhost::lend(given);
  BOOST_REQUIRE_EQUAL(params().create(&scope, &v, &out, nullptr), VH_OK);
  BOOST_CHECK(at::equal(vhost::borrow(out), given) && vhost::lend(given) != out);
  v.name = "v2";
  const at::Tensor other = at::randn({3});
  v.value = vhost::lend(other);
  check_text(param_error(scope, v), "value is f32[3], the shape says [2,2]");
  BOOST_CHECK(!make(teacher, "w", shape, "ones").requires_grad());
  BOOST_CHECK(make(meta, "w", {1 << 20, 1 << 20}, "trunc_normal(std=0.02)").is_meta());
}

BOOST_AUTO_TEST_SUITE_END()
