// Checkpointing under PyTorch's own gradient reducer, which looks for unused parameters: one rank, whose all-reduce is
// the identity.
#include <torch/csrc/autograd/autograd.h>

#include <boost/test/unit_test.hpp>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/reducer.hpp>

#include "base/error.h"
#include "service_tables.h"

using namespace tables;

namespace {

c10::intrusive_ptr<c10d::Work> done(const std::vector<at::Tensor>& tensors) {
  auto future = c10::make_intrusive<c10::ivalue::Future>(c10::ListType::create(c10::TensorType::get()));
  future->markCompleted(c10::IValue(tensors));
  return c10d::Work::create_from_future(future);
}

struct OneRank : c10d::Backend {
  OneRank() : c10d::Backend(/*rank=*/0, /*size=*/1) {}
  const std::string getBackendName() const override { return "one_rank"; }
  c10::intrusive_ptr<c10d::Work> allreduce(std::vector<at::Tensor>& t, const c10d::AllreduceOptions&) override {
    ++reductions;
    return done(t);
  }
  c10::intrusive_ptr<c10d::Work> broadcast(std::vector<at::Tensor>& t, const c10d::BroadcastOptions&) override {
    return done(t);
  }
  int reductions = 0;
};

struct Model {
  Model() {
    for (const char* name : {"w1", "w2", "unused"}) {
      const int64_t shape[] = {8, 8};
      vh_param p{};
      p.struct_size = sizeof(p);
      p.name = name;
      p.init = "xavier_uniform";
      p.shape = shape;
      p.rank = 2;
      vh_tensor* out = nullptr;
      BOOST_REQUIRE_EQUAL(params().create(&scope, &p, &out, nullptr), VH_OK);
      weights.push_back(vhost::borrow(out));
    }
  }
  at::Tensor forward(const at::Tensor& x) const {
    return at::linear(at::dropout(at::gelu(at::linear(x, weights[0])), 0.3, /*train=*/true), weights[1]);
  }
  at::Tensor checkpointed(const at::Tensor& x) {
    const auto call = [](void* ctx, vh_tensor* const* in, uint32_t, vh_tensor** out, uint32_t, vh_error*) -> int32_t {
      out[0] = vhost::take(static_cast<Model*>(ctx)->forward(vhost::borrow(in[0])));
      return VH_OK;
    };
    const vh_closure closure = {sizeof(vh_closure), 0, this, call, nullptr};
    vh_tensor *in = vhost::lend(x), *out = nullptr;
    vh_error err = vhost::new_error();
    vhost::check_status(autograd().checkpoint(&closure, &scope, &in, 1, &out, 1, &err), err, "");
    return vhost::adopt(out);
  }
  vh_scope scope{"model.", 1, at::kCPU, at::kFloat, false};
  std::vector<at::Tensor> weights;
};

// Gradients of two steps under a reducer.
std::vector<at::Tensor> train(bool checkpointed, int& reductions) {
  Model model;
  auto backend = c10::make_intrusive<OneRank>();
  auto group = c10::make_intrusive<c10d::ProcessGroup>(/*rank=*/0, /*size=*/1);
  group->setBackend(at::kCPU, c10d::ProcessGroup::BackendType::CUSTOM, backend);
  c10d::Reducer reducer(model.weights, {{0, 1, 2}}, group, {false, false, false}, 1 << 20,
                        /*find_unused_parameters=*/true,
                        /*gradient_as_bucket_view=*/false, {}, 1 << 20, /*skip_all_reduce_unused_params=*/false,
                        /*use_python_reducer=*/false, {});
  std::vector<at::Tensor> gradients;
  at::manual_seed(4);
  for (int step = 0; step < 2; ++step) {
    reducer.rebuild_buckets();
    reducer.prepare_for_forward();
    const at::Tensor x = at::randn({5, 8});  // a frozen stem's output: no gradient
    const at::Tensor y = checkpointed ? model.checkpointed(x) : model.forward(x);
    reducer.prepare_for_backward({y});
    torch::autograd::backward({y.square().sum()});
    for (at::Tensor& w : model.weights) {
      gradients.push_back(w.grad().defined() ? w.grad().clone() : at::Tensor());
      w.mutable_grad() = at::Tensor();
    }
  }
  reductions = backend->reductions;
  return gradients;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reducer_tests)

BOOST_AUTO_TEST_CASE(checkpointing_works_under_a_reducer_that_finds_unused_parameters) {
  int reductions = 0, plain_reductions = 0;
  const auto mine = train(true, reductions), reference = train(false, plain_reductions);
  BOOST_CHECK_EQUAL(reductions, plain_reductions);
  BOOST_CHECK_GE(reductions, 2);
  for (size_t i = 0; i < mine.size(); ++i) {
    if (i % 3 == 2) continue;  // the unused one
    BOOST_REQUIRE(mine[i].defined() && reference[i].defined());
    BOOST_CHECK_MESSAGE(at::equal(mine[i], reference[i]), "gradient " << i);
  }
  BOOST_CHECK(!mine[2].defined() || mine[2].abs().max().item<float>() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
