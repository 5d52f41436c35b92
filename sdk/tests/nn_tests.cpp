// The C++ layer on the real gateway: this program plays the plugin, LibTorch says what is right.
#include <ATen/core/grad_mode.h>
#include <dlfcn.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "base/json.h"
#include "gateway/gateway.h"
#include "vhost/cpp/vhost.hpp"

namespace {

struct Connected {
  Connected() {
    vhost::register_gateway();
    vh::detail::connect(vhost::host_table());
  }
};
BOOST_GLOBAL_FIXTURE(Connected);

vh::Tensor in(const at::Tensor& t) {
  return vh::Tensor::take(vhost::take(t));
}
at::Tensor out(const vh::Tensor& t) {
  return vhost::borrow(t.get());
}

void check_equal(const vh::Tensor& got, const at::Tensor& want) {
  BOOST_REQUIRE(got.defined());
  BOOST_TEST(out(got).sizes() == want.sizes());
  BOOST_TEST(at::equal(out(got), want), "largest difference " << (out(got) - want).abs().max().item<double>());
}

// A scope, and what is in it by name.
struct Place {
  vh_scope root{"part.", 7, at::kCPU, at::kFloat, false};
  vh::Scope scope{&root};
  at::Tensor operator[](const std::string& name) {
    for (vhost::Param* p : root.all())
      if (p->name == "part." + name) return p->value;
    throw std::runtime_error("no parameter " + name);
  }
  vhost::Param& info(const std::string& name) {
    for (vhost::Param* p : root.all())
      if (p->name == "part." + name) return *p;
    throw std::runtime_error("no parameter " + name);
  }
};

auto says(const std::string& text) {
  return [text](const std::exception& e) {
    BOOST_TEST_MESSAGE(e.what());
    return std::string(e.what()).find(text) != std::string::npos;
  };
}

struct Cube : vh::Function {
  std::vector<vh::Spec> shape(vh::Tensors x) override {
    return {{.axes = "BC", .dim = x[0].shape(), .dtype = x[0].dtype()}};
  }
  std::vector<vh::Tensor> forward(vh::Tensors x, vh::Saved& save) override {
    if (x[0].size(1) == 13) throw vh::argument_error("thirteen columns are unlucky");
    save.put("x", x[0]);
    return {x[0] * x[0] * x[0]};
  }
  std::vector<vh::Tensor> backward(const vh::Saved& saved, vh::Tensors grad) override {
    const vh::Tensor x = saved["x"];
    return {3 * x * x * grad[0]};
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sdk_nn_tests)

BOOST_AUTO_TEST_CASE(arithmetic_is_pytorchs) {
  const at::Tensor a = at::randn({3, 4}), b = at::rand({4}) + 1;
  const vh::Tensor x = in(a), y = in(b);
  check_equal(x + y, a + b);
  check_equal(x - y, a - b);
  check_equal(x * y, a * b);
  check_equal(x / y, a / b);
  check_equal(-x, -a);
  check_equal(x + 2, a + 2);
  check_equal(2 - x, 2 - a);
  check_equal(0.5 * x, 0.5 * a);
  check_equal(1 / y, 1 / b);
  check_equal(x / 3.0, a / 3.0);
}

BOOST_AUTO_TEST_CASE(methods_and_facts_are_pytorchs) {
  const at::Tensor a = at::randn({2, 3, 4});
  const vh::Tensor x = in(a);
  BOOST_TEST(x.dim() == 3);
  BOOST_TEST(x.size(-1) == 4);
  BOOST_TEST((x.dtype() == vh::DType::f32));
  check_equal(x.view({6, 4}), a.view({6, 4}));
  check_equal(x.view(24), a.view(24));
  check_equal(x.permute({2, 0, 1}), a.permute({2, 0, 1}));
  check_equal(x.transpose(1, 2).contiguous(), a.transpose(1, 2).contiguous());
  check_equal(x.slice(1, 1), a.slice(1, 1));
  check_equal(x.slice(2, 0, 4, 2), a.slice(2, 0, 4, 2));
  check_equal(x.mean({0, 2}), a.mean(at::IntArrayRef{0, 2}));
  check_equal(x.sum(), a.sum());
  check_equal(x.chunk(2, 2)[1], a.chunk(2, 2)[1]);
  check_equal(x.to(vh::DType::f64), a.to(at::kDouble));
  BOOST_TEST(x.sum().item() == a.sum().item<double>());
  BOOST_TEST(x.to_vector<float>()[5] == a.flatten()[5].item<float>());
  BOOST_CHECK_EXCEPTION(x.size(3), vh::Error, says("axis 3 of a tensor of shape [2,3,4]"));
  BOOST_CHECK_EXCEPTION(x.to_vector<int32_t>(), vh::Error, says("the tensor is f32, wanted as i32"));
  const auto [values, indices] = vh::ops::max_dim(x, 1);
  check_equal(values, std::get<0>(a.max(1)));
  check_equal(indices, std::get<1>(a.max(1)));
  const int64_t data[] = {1, 2, 3};
  check_equal(vh::from_host(data, {3}, vh::DType::i64, {}), at::arange(1, 4));
}

BOOST_AUTO_TEST_CASE(an_operators_error_is_an_exception_that_names_it) {
  const vh::Tensor x = in(at::randn({2, 3})), y = in(at::randn({4, 5}));
  BOOST_CHECK_EXCEPTION(vh::ops::matmul(x, y), vh::Error, says("2x3"));
  BOOST_CHECK_EXCEPTION(vh::ops::matmul(x, {}), vh::Error, says("matmul"));
}

BOOST_AUTO_TEST_CASE(no_handle_outlives_its_tensor) {
  const int64_t before = vhost::live_handles();
  {
    vh::Tensor x = in(at::randn({4, 4}));
    const vh::Tensor y = x;
    std::vector<vh::Tensor> parts = vh::ops::split(x, 2);
    x = vh::ops::cat(parts);
    parts = {y, x, std::move(parts[0])};
    BOOST_TEST(vhost::live_handles() > before);
    BOOST_CHECK_THROW(vh::ops::matmul(parts[2], parts[2]), vh::Error);
  }
  BOOST_TEST(vhost::live_handles() == before);
}

BOOST_AUTO_TEST_CASE(layers_are_torch_nn_s) {
  Place p;
  const at::Tensor a = at::randn({2, 5, 8}), image = at::randn({2, 3, 8, 8}), clip = at::randn({2, 3, 4, 8, 8});
  const vh::nn::Linear fc(p.scope / "fc", 8, 6);
  check_equal(fc(in(a)), at::linear(a, p["fc.weight"], p["fc.bias"]));
  BOOST_TEST(p["fc.bias"].abs().max().item<double>() <= 1 / std::sqrt(8.0));
  BOOST_TEST(p["fc.bias"].abs().max().item<double>() > 0.05);
  BOOST_TEST(p["fc.weight"].abs().max().item<double>() <= 1 / std::sqrt(8.0));
  BOOST_TEST((p.info("fc.bias").flags & VH_PARAM_NO_DECAY));
  BOOST_TEST(!(p.info("fc.weight").flags & VH_PARAM_NO_DECAY));
  const vh::nn::Linear bare(p.scope / "bare", 8, 6, {.bias = false});
  check_equal(bare(in(a)), at::linear(a, p["bare.weight"]));
  const vh::nn::LayerNorm norm(p.scope / "norm", 8, 1e-6);
  check_equal(norm(in(a)), at::layer_norm(a, {8}, p["norm.weight"], p["norm.bias"], 1e-6));
  const vh::nn::Conv2d conv(p.scope / "conv", 3, 6, {.kernel = {3}, .stride = {2}, .padding = {1}, .groups = 3});
  check_equal(conv(in(image)), at::conv2d(image, p["conv.weight"], p["conv.bias"], 2, 1, 1, 3));
  const vh::nn::Conv3d embed(p.scope / "embed", 3, 6, {.kernel = {2, 4, 4}, .stride = {2, 4, 4}});
  check_equal(embed(in(clip)), at::conv3d(clip, p["embed.weight"], p["embed.bias"], {2, 4, 4}));
  const vh::nn::Mlp mlp(p.scope / "mlp", 8, 16);
  check_equal(mlp(in(a), true), at::linear(at::gelu(at::linear(a, p["mlp.fc1.weight"], p["mlp.fc1.bias"])),
                                           p["mlp.fc2.weight"], p["mlp.fc2.bias"]));
  BOOST_CHECK_EXCEPTION(vh::nn::Conv3d(p.scope / "bad", 3, 6, {.kernel = {2, 4}}), vh::Error,
                        says("takes 1 or 3 numbers"));
}

BOOST_AUTO_TEST_CASE(a_single_frame_is_convolved_as_conv3d_says) {
  const at::Tensor x = at::randn({2, 3, 1, 9, 8});
  for (const vh::nn::ConvOptions& o :
       {vh::nn::ConvOptions{.kernel = {3}, .stride = {2}, .padding = {1}},
        vh::nn::ConvOptions{.kernel = {1, 3, 3}, .padding = {0, 1, 1}, .groups = 3},
        vh::nn::ConvOptions{.kernel = {5, 3, 3}, .padding = {4, 1, 1}, .dilation = {2, 1, 1}},
        vh::nn::ConvOptions{.kernel = {3}, .padding = {2, 1, 1}}}) {
    Place place;
    const vh::nn::Conv3d conv(place.scope / "conv", 3, 6, o);
    const at::Tensor want = at::conv3d(x, place["conv.weight"], place["conv.bias"], conv.o.stride, conv.o.padding,
                                       conv.o.dilation, o.groups);
    BOOST_TEST(out(conv(in(x))).sizes() == want.sizes());
    BOOST_TEST(at::allclose(out(conv(in(x))), want, 1e-5, 1e-6));
    if (want.size(2) != 1) continue;
    const vh::Tensor cast = in(x.to(at::kBFloat16));
    for (vhost::Param* p : place.root.all()) p->value.set_data(p->value.to(at::kBFloat16));
    BOOST_TEST(at::allclose(out(conv(cast)).to(at::kFloat), want, 0.05, 0.05));
  }
}

BOOST_AUTO_TEST_CASE(batch_norm_keeps_running_statistics) {
  Place p;
  const vh::nn::BatchNorm bn(p.scope / "bn", 3);
  const at::Tensor a = at::randn({4, 3, 5, 5}) * 2 + 1;
  const at::Tensor mean = at::zeros(3), var = at::ones(3);
  check_equal(bn(in(a), true), at::batch_norm(a, at::ones(3), at::zeros(3), mean, var, true, 0.1, 1e-5, false));
  BOOST_TEST(at::equal(p["bn.running_mean"], mean));
  BOOST_TEST(at::equal(p["bn.running_var"], var));
  BOOST_TEST(p.info("bn.running_var").role == VH_BUFFER);
  check_equal(bn(in(a), false), at::batch_norm(a, at::ones(3), at::zeros(3), mean, var, false, 0.1, 1e-5, false));
}

BOOST_AUTO_TEST_CASE(attention_is_the_formula) {
  const at::Tensor a = at::randn({2, 5, 12});
  for (const vh::nn::QkvBias kind : {vh::nn::QkvBias::none, vh::nn::QkvBias::all, vh::nn::QkvBias::qv}) {
    Place p;
    const vh::nn::Attention attention(p.scope / "attn", 12, {.heads = 3, .qkv_bias = kind});
    at::Tensor bias = at::zeros(36);
    if (kind == vh::nn::QkvBias::all) bias = p["attn.qkv.bias"];
    if (kind == vh::nn::QkvBias::qv) {
      p["attn.q_bias"].data().uniform_();
      p["attn.v_bias"].data().uniform_();
      bias = at::cat({p["attn.q_bias"], at::zeros(12), p["attn.v_bias"]});
    }
    const auto qkv =
        at::linear(a, p["attn.qkv.weight"], bias).reshape({2, 5, 3, 3, 4}).permute({2, 0, 3, 1, 4}).unbind();
    const at::Tensor weights = (qkv[0].matmul(qkv[1].transpose(-2, -1)) / 2).softmax(-1);
    const at::Tensor want = at::linear(weights.matmul(qkv[2]).transpose(1, 2).reshape({2, 5, 12}),
                                       p["attn.proj.weight"], p["attn.proj.bias"]);
    BOOST_TEST((out(attention(in(a), false)) - want).abs().max().item<double>() < 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(drop_path_drops_whole_samples_and_keeps_the_mean) {
  at::manual_seed(1);
  const vh::Tensor x = in(at::ones({4000, 3}));
  const at::Tensor y = out(vh::nn::DropPath{0.25}(x, true));
  BOOST_TEST(at::equal(y.amin(1), y.amax(1)));
  BOOST_TEST(y.mean().item<double>() == 1.0, boost::test_tools::tolerance(0.05));
  BOOST_TEST((y == 0).to(at::kDouble).mean().item<double>() == 0.25, boost::test_tools::tolerance(0.1));
  check_equal(vh::nn::DropPath{0.25}(x, false), out(x));
}

BOOST_AUTO_TEST_CASE(initial_values_depend_on_the_name_not_on_the_order) {
  Place a, b;
  const vh::nn::Linear a1(a.scope / "one", 4, 4), a2(a.scope / "two", 4, 4);
  const vh::nn::Linear b2(b.scope / "two", 4, 4), b1(b.scope / "one", 4, 4);
  BOOST_TEST(at::equal(a["one.weight"], b["one.weight"]));
  BOOST_TEST(!at::equal(a["one.weight"], a["two.weight"]));
}

BOOST_AUTO_TEST_CASE(layer_ids_reach_the_parameters) {
  Place p;
  const vh::nn::Linear fc((p.scope / "blocks" / 3).layer(4).lr_scale(0.5) / "fc", 2, 2);
  BOOST_TEST(p.info("blocks.3.fc.weight").layer == 4);
  BOOST_TEST(p.info("blocks.3.fc.weight").lr_scale == 0.5);
}

BOOST_AUTO_TEST_CASE(grids_and_tokens_are_inverse) {
  const at::Tensor a = at::randn({2, 1 + 2 * 3 * 4, 5});
  const vh::Grid grid = {2, 3, 4};
  const vh::Tensor g = vh::as_grid(in(a), grid, 1);
  BOOST_TEST(g.shape() == (std::vector<int64_t>{2, 5, 2, 3, 4}), boost::test_tools::per_element());
  check_equal(vh::as_tokens(g), a.slice(1, 1));
  check_equal(vh::as_tokens(in(a), 1), a.slice(1, 1));
  BOOST_CHECK_EXCEPTION(vh::as_grid(in(a), grid), vh::Error, says("[2,25,5] isn't [B,24,C]"));
  vh::check_shape(g, {2, vh::kAny, 2, 3, 4}, "grid");
  BOOST_CHECK_EXCEPTION(vh::check_shape(g, {2, vh::kAny, 3}, "grid"), vh::Error,
                        says("grid: want [2,?,3], got [2,5,2,3,4]"));
}

BOOST_AUTO_TEST_CASE(cells_through_a_linear_layer_are_a_convolution) {
  const at::Tensor x = at::randn({2, 3, 4, 6, 8}), weight = at::randn({5, 3, 2, 3, 4});
  const vh::Tensor cells = vh::as_cells(in(x), {2, 3, 4});
  BOOST_TEST(out(cells).sizes() == at::IntArrayRef({2, 8, 72}));
  const at::Tensor got = at::linear(out(cells), weight.view({5, 72}));
  const at::Tensor want = at::conv3d(x, weight, {}, {2, 3, 4}).flatten(2).transpose(1, 2);
  BOOST_TEST((got - want).abs().max().item<double>() < 1e-4);
}

BOOST_AUTO_TEST_CASE(tokens_are_picked_per_sample_and_rows_from_one_table) {
  const at::Tensor x = at::randn({2, 4, 3}), index = at::tensor({3, 0, 1, 1}).view({2, 2});
  check_equal(vh::pick(in(x), in(index)), x.gather(1, index.unsqueeze(2).expand({2, 2, 3})));
  check_equal(vh::pick_rows(in(x[0].clone()), in(index)), x[0].index({index}));
}

BOOST_AUTO_TEST_CASE(a_transformer_is_its_blocks_in_order) {
  Place p;
  const vh::nn::TransformerOptions options{.width = 12, .depth = 3, .heads = 3, .drop_path = 0.2, .layer_ids = true};
  const vh::nn::Transformer transformer(p.scope / "blocks", options);
  at::Tensor x = at::randn({2, 5, 12});
  const vh::Tensor got = transformer(in(x), false);
  BOOST_TEST(p.info("blocks.0.attn.qkv.weight").layer == 1);
  BOOST_TEST(p.info("blocks.2.mlp.fc2.bias").layer == 3);
  for (int i = 0; i < 3; ++i) {
    const auto layer = [&](const at::Tensor& t, const std::string& name) {
      const std::string full = "blocks." + std::to_string(i) + "." + name;
      return name.rfind("norm", 0) == 0 ? at::layer_norm(t, {12}, p[full + ".weight"], p[full + ".bias"], 1e-6)
                                        : at::linear(t, p[full + ".weight"], p[full + ".bias"]);
    };
    const auto qkv = layer(layer(x, "norm1"), "attn.qkv").view({2, 5, 3, 3, 4}).permute({2, 0, 3, 1, 4});
    const at::Tensor y = at::softmax(at::matmul(qkv[0], qkv[1].transpose(2, 3)) / 2, -1).matmul(qkv[2]);
    x = x + layer(y.transpose(1, 2).reshape({2, 5, 12}), "attn.proj");
    x = x + layer(at::gelu(layer(layer(x, "norm2"), "mlp.fc1")), "mlp.fc2");
  }
  BOOST_TEST((out(got) - x).abs().max().item<double>() < 1e-5);
  const auto seven_heads = [&] { vh::nn::Transformer(p.scope / "odd", {.width = 12, .depth = 1, .heads = 7}); };
  BOOST_CHECK_EXCEPTION(seven_heads(), vh::Error, says("7 heads don't divide a width of 12"));
}

BOOST_AUTO_TEST_CASE(a_block_that_is_frozen_whole_drops_no_paths) {
  for (const bool checkpointed : {false, true}) {
    Place p;
    const vh::nn::Transformer transformer(
        p.scope / "blocks", {.width = 6, .depth = 2, .heads = 2, .drop_path = 0.9, .checkpoint = checkpointed});
    const at::Tensor x = at::randn({64, 3, 6}).set_requires_grad(true);
    const at::Tensor still = out(transformer(in(x), false));
    const auto freeze = [&](const std::string& layer) {
      for (const char* kind : {".weight", ".bias"}) p["blocks.1." + layer + kind].set_requires_grad(false);
    };
    for (const char* layer : {"norm1", "norm2", "attn.qkv", "attn.proj", "mlp.fc1"}) freeze(layer);
    BOOST_TEST(!at::equal(out(transformer(in(x), true)), still), "frozen in part");
    freeze("mlp.fc2");
    BOOST_TEST(at::equal(out(transformer(in(x), true)), still));
  }
}

BOOST_AUTO_TEST_CASE(a_checkpoint_gives_the_same_gradients) {
  Place p;
  const vh::nn::Mlp mlp(p.scope / "mlp", 6, 12, 0.5);
  const at::Tensor a = at::randn({3, 6}).set_requires_grad(true);
  std::vector<at::Tensor> values, input_grads, weight_grads;
  for (const bool again : {false, true}) {
    at::manual_seed(3);
    const vh::Tensor y =
        again ? vh::checkpoint(mlp.scope, {in(a)}, [&](const auto& x) { return mlp(x[0], true); }) : mlp(in(a), true);
    values.push_back(out(y).detach().clone());
    out(y).square().sum().backward();
    input_grads.push_back(a.grad().clone());
    weight_grads.push_back(p["mlp.fc1.weight"].grad().clone());
    a.mutable_grad().reset();
    for (vhost::Param* param : p.root.all()) param->value.mutable_grad().reset();
  }
  BOOST_TEST(at::equal(values[0], values[1]));
  BOOST_TEST(at::equal(input_grads[0], input_grads[1]));
  BOOST_TEST(at::equal(weight_grads[0], weight_grads[1]));
}

BOOST_AUTO_TEST_CASE(a_kernel_of_ones_own_joins_autograd) {
  const at::Tensor a = at::randn({3, 4}).set_requires_grad(true);
  const int64_t before = vhost::live_handles();
  {
    const vh::Tensor y = vh::apply(std::make_unique<Cube>(), {in(a)}, 1)[0];
    check_equal(y, a * a * a);
    out(y).sum().backward();
  }
  BOOST_TEST(at::allclose(a.grad(), 3 * a * a));
  BOOST_TEST(vhost::live_handles() == before);
  const vh::Tensor meta = in(at::empty({3, 4}, at::TensorOptions().device(at::kMeta)));
  BOOST_TEST(vh::apply(std::make_unique<Cube>(), {meta}, 1)[0].is_meta());
  BOOST_CHECK_EXCEPTION(vh::apply(std::make_unique<Cube>(), {in(at::ones({1, 13}))}, 1), vh::Error,
                        says("thirteen columns"));
}

BOOST_AUTO_TEST_CASE(the_loss_in_plain_c_has_pytorchs_value_and_gradient) {
  const std::string path = std::string(std::getenv("VHOST_BUILD_DIR")) + "/tests/plugins/toyc/0.1.0/libtoyc.so";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  BOOST_REQUIRE_MESSAGE(library, dlerror());
  const auto* entry = static_cast<const vh_plugin_entry*>(dlsym(library, "vh_plugin_entry_v1"));
  vh_error err = vhost::new_error();
  BOOST_REQUIRE(entry->init(vhost::host_table(), &err) == VH_OK);
  const auto* table = static_cast<const vh_loss_1*>(entry->get(VH_LOSS_1, "huber"));
  const auto params = vhost::parse_json(R"({"delta": 0.7})", "test").root;
  vh_build build{};
  build.struct_size = sizeof build;
  build.params = vhost::node_of(params);
  void* self = nullptr;
  BOOST_REQUIRE(table->create(&build, &self, &err) == VH_OK);
  const at::Tensor pred = at::randn({4, 3}).set_requires_grad(true), label = at::arange(4) % 3;
  const at::Tensor weight = at::arange(4).to(at::kFloat);
  vh_map input, result;
  input.put("pred", pred);
  input.put("target", label);
  input.put("sample_weight", weight);
  vh_step step{};
  step.struct_size = sizeof step;
  step.in = &input;
  step.out = &result;
  BOOST_REQUIRE_MESSAGE(table->run(self, &step, &err) == VH_OK, err.message);
  const at::Tensor sum = *result.find("loss.sum");
  sum.backward();
  const at::Tensor twin = pred.detach().clone().set_requires_grad(true);
  const at::Tensor want =
      (at::huber_loss(twin, at::one_hot(label, 3).to(at::kFloat), at::Reduction::None, 0.7).sum(1) * weight).sum();
  want.backward();
  BOOST_TEST(sum.item<float>() == want.item<float>(), boost::test_tools::tolerance(1e-6f));
  BOOST_TEST(at::allclose(pred.grad(), twin.grad(), 1e-6, 1e-7));
  table->destroy(self);
}

BOOST_AUTO_TEST_SUITE_END()
