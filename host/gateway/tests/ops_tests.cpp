// Every line of sdk/ops.list, called through vh.ops/1 and by LibTorch itself: outputs and gradients equal bit for bit.
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/autograd.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <list>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "gateway/internal.h"
#include "op_sample.h"

namespace {

using op_sample::Arg;
using op_sample::Sample;
using Tensors = std::vector<at::Tensor>;

std::string source_dir() {
  const char* folder = std::getenv("VHOST_SOURCE_DIR");
  return folder ? folder : ".";
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  BOOST_REQUIRE_MESSAGE(file, "can't read " << path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> listed_operators() {
  std::vector<std::string> list;
  std::istringstream lines(text_of(source_dir() + "/sdk/ops.list"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string name, op;
    if (words >> name >> op) list.push_back(op);
  }
  return list;
}

// The schema texts of vhost/op_schemas.h by operator.
std::map<std::string, std::string> schema_texts() {
  const std::string header = text_of(source_dir() + "/sdk/include/vhost/op_schemas.h");
  const std::regex literal("\"(aten::[^(]+)((?:\\\\.|[^\"\\\\])*)\"");
  std::map<std::string, std::string> texts;
  for (std::sregex_iterator i(header.begin(), header.end(), literal), end; i != end; ++i)
    texts[(*i)[1]] = std::regex_replace((*i)[1].str() + (*i)[2].str(), std::regex("\\\\(.)"), "$1");
  return texts;
}

// Copies of a sample's tensors: leaves that want a gradient, and what is handed to the operator.
struct Inputs {
  explicit Inputs(const Sample& sample, at::Device device = at::kCPU) {
    const bool in_place = sample.op.substr(0, sample.op.find('.')).back() == '_';
    for (const Arg& arg : sample.args) {
      Tensors copies;
      for (const at::Tensor& original : arg.tensors) {
        at::Tensor copy = original.defined() ? original.clone().to(device) : at::Tensor();
        if (copy.defined() && copy.is_floating_point() && arg.wants_grad) {
          leaves.push_back(copy.set_requires_grad(true));
          if (in_place) copy = copy.clone();
        }
        copies.push_back(copy);
      }
      handed.push_back(copies);
    }
  }
  Tensors leaves;
  std::vector<Tensors> handed;  // by argument
};

struct Outcome {
  Tensors outputs, gradients;
  std::string error;
};

void differentiate(Outcome& outcome, const Tensors& leaves) {
  Tensors roots, grads;
  at::manual_seed(99);  // the same gradients for both
  for (const at::Tensor& output : outcome.outputs)
    if (output.defined() && output.requires_grad()) {
      roots.push_back(output);
      grads.push_back(at::randn(output.sizes(), output.options().requires_grad(false)));
    }
  if (!roots.empty())
    outcome.gradients = torch::autograd::grad(roots, leaves, grads, /*retain_graph=*/false, /*create_graph=*/false,
                                              /*allow_unused=*/true);
}

Outcome by_libtorch(const Sample& sample) {
  const Inputs inputs(sample);
  const std::string overload =
      sample.op.find('.') == std::string::npos ? "" : sample.op.substr(sample.op.find('.') + 1);
  const auto op = c10::Dispatcher::singleton().findSchemaOrThrow(sample.op.substr(0, sample.op.find('.')).c_str(),
                                                                 overload.c_str());
  std::vector<c10::IValue> stack;
  for (size_t i = 0; i < sample.args.size(); ++i) {
    const Tensors& tensors = inputs.handed[i];
    switch (sample.args[i].kind) {
      case Arg::kPlain:
        stack.push_back(sample.args[i].direct);
        break;
      case Arg::kTensor:
        stack.emplace_back(tensors[0]);
        break;
      case Arg::kTensors:
        stack.emplace_back(tensors);
        break;
      case Arg::kOptionalTensors: {
        c10::List<std::optional<at::Tensor>> list;
        for (const at::Tensor& t : tensors) list.push_back(t.defined() ? std::make_optional(t) : std::nullopt);
        stack.emplace_back(list);
      }
    }
  }
  for (size_t i = stack.size(); i < op.schema().arguments().size(); ++i)
    stack.push_back(op.schema().arguments()[i].default_value().value());
  at::manual_seed(7);
  op.callBoxed(stack);
  Outcome outcome;
  for (const c10::IValue& value : stack) {
    if (value.isTensorList())
      for (const at::Tensor& t : value.toTensorVector()) outcome.outputs.push_back(t);
    else
      outcome.outputs.push_back(value.toTensor());
  }
  differentiate(outcome, inputs.leaves);
  return outcome;
}

const vh_ops_1& ops() {
  vhost::register_gateway();
  return *static_cast<const vh_ops_1*>(vhost::host_table()->get_service(VH_OPS_1));
}

struct Values {
  Values(const Sample& sample, const Inputs& inputs) {
    for (size_t i = 0; i < sample.args.size(); ++i) {
      const Arg& arg = sample.args[i];
      vh_value value = arg.value;
      auto& handles = lists.emplace_back();
      for (const at::Tensor& t : inputs.handed[i]) handles.push_back(vhost::lend(t));
      if (arg.kind == Arg::kTensor) {
        value.tag = VH_TENSOR;
        value.v.t = handles[0];
      } else if (arg.kind != Arg::kPlain) {
        value.tag = VH_TENSORS;
        value.n = static_cast<uint32_t>(handles.size());
        value.v.ts = handles.data();
      } else if (value.tag == VH_INTS) {
        value.n = static_cast<uint32_t>(arg.ints.size());
        value.v.is = arg.ints.data();
      } else if (value.tag == VH_STRING) {
        value.v.s = arg.text.c_str();
      }
      values.push_back(value);
    }
  }
  std::vector<vh_value> values;
  std::list<std::vector<vh_tensor*>> lists;
};

Outcome by_gateway(const Sample& sample, const std::string& schema, at::Device device = at::kCPU) {
  Outcome outcome;
  vh_error err = vhost::new_error();
  const vh_op* op = ops().find(schema.c_str(), &err);
  if (!op) {
    outcome.error = err.message;
    return outcome;
  }
  const Inputs inputs(sample, device);
  const Values values(sample, inputs);
  vh_value ret[4];
  const auto arrow = schema.rfind("->");
  const auto n_ret =
      static_cast<uint32_t>(1 + std::count(schema.begin() + static_cast<long>(arrow), schema.end(), ','));
  at::manual_seed(7);
  if (ops().call(op, values.values.data(), static_cast<uint32_t>(values.values.size()), ret, n_ret, &err)) {
    outcome.error = err.message;
    return outcome;
  }
  for (uint32_t r = 0; r < n_ret; ++r) {
    if (ret[r].tag == VH_TENSOR) outcome.outputs.push_back(vhost::adopt(ret[r].v.t));
    if (ret[r].tag != VH_LIST) continue;
    auto* list = static_cast<vh_list*>(ret[r].v.p);
    for (uint32_t i = 0; i < ops().list_size(list); ++i)
      outcome.outputs.push_back(vhost::adopt(ops().list_get(list, i)));
    ops().list_release(list);
  }
  try {
    differentiate(outcome, inputs.leaves);
  } catch (const c10::Error& e) {
    outcome.error = std::string("backward: ") + e.what_without_backtrace();
  }
  return outcome;
}

// "" or where the two differ.
std::string difference(const at::Tensor& a, const at::Tensor& b, Sample::Compare compare) {
  if (a.defined() != b.defined()) return a.defined() ? "undefined" : "defined";
  if (!a.defined()) return "";
  if (a.sizes() != b.sizes() || a.dtype() != b.dtype() || a.strides() != b.strides())
    return vhost::shape_text(a) + " and " + vhost::shape_text(b);
  if (a.requires_grad() != b.requires_grad()) return "one requires grad";
  if (compare == Sample::kShapes) return "";
  const at::Tensor x = a.detach().contiguous(), y = b.detach().contiguous();
  return std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) ? "bits" : "";
}

void check_equal(const Tensors& a, const Tensors& b, const Sample& sample, const char* what) {
  BOOST_CHECK_MESSAGE(a.size() == b.size(), sample.op << ": number of " << what);
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const std::string found = difference(a[i], b[i], sample.compare);
    BOOST_CHECK_MESSAGE(found.empty(), sample.op << ": " << what << " " << i << " differ: " << found);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ops_tests)

BOOST_AUTO_TEST_CASE(every_listed_operator_has_a_sample_and_every_sample_is_listed) {
  const auto listed = listed_operators();
  BOOST_REQUIRE_GT(listed.size(), 100u);
  std::set<std::string> sampled, known(listed.begin(), listed.end());
  for (const Sample& sample : op_sample::samples()) sampled.insert(sample.op);
  for (const std::string& op : listed)
    BOOST_CHECK_MESSAGE(sampled.count(op), "sdk/ops.list: " << op << " has no sample row in op_samples.cpp");
  for (const std::string& op : sampled)
    BOOST_CHECK_MESSAGE(known.count(op), op << " is sampled but not in sdk/ops.list");
}

BOOST_AUTO_TEST_CASE(every_listed_operator_has_its_schema_text) {
  const auto texts = schema_texts();
  for (const std::string& op : listed_operators())
    BOOST_CHECK_MESSAGE(texts.count(op), "vhost/op_schemas.h: " << op << " is missing");
}

BOOST_AUTO_TEST_CASE(outputs_and_gradients_equal_libtorch_bit_for_bit) {
  const auto texts = schema_texts();
  const int64_t handles = vhost::live_handles();
  size_t with_gradient = 0;
  for (const Sample& sample : op_sample::samples()) {
    BOOST_TEST_CONTEXT(sample.op) {
      const auto text = texts.find(sample.op);
      if (text == texts.end()) continue;
      const Outcome mine = by_gateway(sample, text->second);
      BOOST_CHECK_MESSAGE(mine.error.empty(), mine.error);
      if (!mine.error.empty()) continue;
      const Outcome reference = by_libtorch(sample);
      check_equal(mine.outputs, reference.outputs, sample, "outputs");
      check_equal(mine.gradients, reference.gradients, sample, "gradients");
      with_gradient += !reference.gradients.empty();
    }
  }
  BOOST_TEST_MESSAGE(op_sample::samples().size() << " rows, " << with_gradient << " with gradients");
  BOOST_CHECK_GT(with_gradient, 150u);
  BOOST_CHECK_EQUAL(vhost::live_handles(), handles);
}

BOOST_AUTO_TEST_CASE(on_meta_shapes_equal_those_on_the_cpu_and_backward_runs) {
  const auto texts = schema_texts();
  for (const Sample& sample : op_sample::samples()) {
    const auto text = texts.find(sample.op);
    if (text == texts.end() || sample.op == "aten::to.device") continue;  // from meta to the CPU there is no way
    const Outcome mine = by_gateway(sample, text->second, at::kMeta);
    BOOST_CHECK_MESSAGE(mine.error.empty(), sample.op + ": " + mine.error.substr(0, 200));
    if (!mine.error.empty()) continue;
    const Outcome reference = by_libtorch(sample);
    BOOST_CHECK_EQUAL(mine.outputs.size(), reference.outputs.size());
    for (size_t i = 0; i < std::min(mine.outputs.size(), reference.outputs.size()); ++i)
      BOOST_CHECK_EQUAL(sample.op + vhost::shape_text(mine.outputs[i]),
                        sample.op + vhost::shape_text(reference.outputs[i]));
  }
}

BOOST_AUTO_TEST_SUITE_END()
