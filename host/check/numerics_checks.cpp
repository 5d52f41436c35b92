#include <ATen/autocast_mode.h>

#include "check/subject.h"
#include "gateway/autograd_state.h"

namespace vhost::check {

void mask_deterministic(const Case& subject);  // mask_checks.cpp

namespace {

double tolerance(const Subject& part) {
  return part.claims(VH_CAP_DOUBLE) ? 1e-9 : 2e-4;
}

void require_finite(const std::string& what, const at::Tensor& value) {
  if (value.defined() && value.is_floating_point() && !at::isfinite(value).all().item<bool>())
    throw Failed(what + " isn't finite");
}

// Forward and backward as in training under autocast.
void run_autocast(const Subject& part, const vh_map& in, at::ScalarType type) {
  const std::string name = type == at::kBFloat16 ? "bf16" : "fp16";
  Autocast inside = Autocast::off();
  inside.cpu = true, inside.cpu_dtype = type;
  Tensors out;
  {
    const AutocastScope scope(inside);
    out = outputs(part, in, {});
  }
  at::autocast::clear_cache();  // weights cast for this type
  for (const auto& [key, value] : out) require_finite("under " + name + " autocast " + key, value);
  const at::Tensor sum = weighted_sum(out);
  if (sum.requires_grad()) sum.backward();
  for (Param* param : part.params()) {
    require_finite("under " + name + " autocast the gradient of " + param->name, param->value.grad());
    param->value.mutable_grad() = at::Tensor();
  }
}

void autocast(const Case& subject) {
  for (const Situation& situation : accepted(subject, 3)) {
    const auto part = made(subject, situation);
    for (const at::ScalarType type : {at::kBFloat16, at::kHalf}) run_autocast(*part, fill(situation), type);
  }
}

// The same values, with strides that no contiguous tensor has.
at::Tensor strided(const at::Tensor& t) {
  if (t.dim() >= 2 && t.size(-1) > 1 && t.size(-2) > 1) return t.transpose(-1, -2).contiguous().transpose(-1, -2);
  return at::stack({t, t}, -1).select(-1, 0);
}

void non_contiguous(const Case& subject) {
  for (const Situation& situation : accepted(subject, 3)) {
    const at::ScalarType type = widest_of(subject);
    const auto part = made(subject, situation, {.dtype = type});
    const vh_map plain = fill(situation, {.rows = 3, .dtype = type});
    vh_map other;
    for (const auto& [key, value] : plain.items) other.put(key, strided(value));
    other.read_only = true;
    const Tensors want = outputs(*part, plain, {.mode = VH_EVAL}), got = outputs(*part, other, {.mode = VH_EVAL});
    if (const std::string apart = difference(want, got, tolerance(*part)); !apart.empty())
      throw Failed(situation.name + ", inputs that aren't contiguous: " + apart);
  }
}

void mode(const Case& subject) {
  for (const Situation& situation : accepted(subject, 3)) {
    const auto part = made(subject, situation);
    const vh_map in = fill(situation, {.rows = 3});
    const Tensors first = outputs(*part, in, {.mode = VH_EVAL, .seed = 1}),
                  second = outputs(*part, in, {.mode = VH_EVAL, .seed = 2, .step = 7});
    for (const auto& [key, value] : first)
      if (!second.count(key) || !same_bits(value, second.at(key)))
        throw Failed(situation.name + ": in eval mode " + key + " depends on the random seed");
  }
}

Tensors trained(const Subject& part, const vh_map& in) {
  Tensors all = outputs(part, in, {.mode = VH_TRAIN, .seed = 3, .step = 2});
  const at::Tensor sum = weighted_sum(all);
  if (sum.requires_grad()) sum.backward();
  for (Param* param : part.params()) {
    if (param->value.grad().defined()) all["the gradient of " + param->name] = param->value.grad().clone();
    param->value.mutable_grad() = at::Tensor();
  }
  return all;
}

void require_same(const Tensors& a, const Tensors& b, const std::string& what) {
  for (const auto& [key, value] : a) {
    const auto it = b.find(key);
    if (it == b.end() || !same_bits(value, it->second)) throw Failed(what + ": " + key + " has other bits");
  }
}

void deterministic(const Case& subject) {
  if (kind_of(subject.component->interface_id) == kMask) return mask_deterministic(subject);
  const Situation situation = accepted(subject).front();
  const vh_map in = fill(situation, {.rows = 3});
  const auto part = made(subject, situation), twin = made(subject, situation);
  const auto a = part->params(), b = twin->params();
  if (a.size() != b.size()) throw Failed("made twice with one seed, it has another number of parameters");
  for (size_t i = 0; i < a.size(); ++i)
    if (a[i]->name != b[i]->name || !same_bits(a[i]->value, b[i]->value))
      throw Failed("made twice with one seed, parameter " + a[i]->name + " differs");
  // Fresh from create, then the same step again where the part keeps no state of its own (running means are one).
  const Tensors first = trained(*part, in);
  require_same(first, trained(*twin, in), "made twice, the same step in train mode");
}

// In eval mode a row's result is its own.
void rows(const Case& subject) {
  for (const Situation& situation : accepted(subject, 3)) {
    const at::ScalarType type = widest_of(subject);
    const auto part = made(subject, situation, {.dtype = type});
    const Tensors all = outputs(*part, fill(situation, {.rows = 3, .dtype = type}), {.mode = VH_EVAL});
    for (const int64_t row : {0, 2}) {
      Tensors own;
      for (const auto& [key, value] : all) own[key] = value.narrow(0, row, 1);
      const vh_map alone = fill(situation, {.rows = 1, .first_row = row, .dtype = type});
      const std::string apart = difference(own, outputs(*part, alone, {.mode = VH_EVAL}), tolerance(*part));
      if (!apart.empty())
        throw Failed(situation.name + ": in eval mode row " + std::to_string(row) +
                     " alone and among others: " + apart);
    }
  }
}

}  // namespace

std::vector<Check> numerics_checks() {
  return {{"numerics.autocast", kBackbone | kHead, autocast},
          {"numerics.non_contiguous", kParts, non_contiguous},
          {"numerics.mode", kParts, mode},
          {"numerics.deterministic", kParts | kMask, deterministic},
          {"numerics.rows", kBackbone | kHead | kTarget, rows}};
}

}  // namespace vhost::check
