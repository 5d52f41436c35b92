#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "check/subject.h"
#include "vhost/random.h"

namespace vhost::check {

namespace {

struct Precision {
  at::ScalarType dtype;
  double step, relative, absolute;  // of the finite difference, and what may be between it and the gradient
};
constexpr Precision kDouble{at::kDouble, 1e-6, 1e-5, 1e-9}, kFloat{at::kFloat, 1e-2, 3e-2, 2e-3};

bool differentiable(const std::string& key) {
  return key == "input" || key == "pred" || key.starts_with("features.");
}

// A part, its input and f: the weighted sum of what it makes, in eval mode.
class Function {
 public:
  Function(const Case& subject, const Situation& situation, const Precision& precision)
      : part_(made(subject, situation, {.dtype = precision.dtype})),
        in_(fill(situation, {.rows = 2, .dtype = precision.dtype})) {
    for (auto& [key, value] : in_.items)
      if (differentiable(key) && value.is_floating_point()) variables_.emplace_back(key, value.set_requires_grad(true));
    for (Param* param : part_->params())
      if (param->value.requires_grad()) variables_.emplace_back("parameter " + param->name, param->value);
  }
  at::Tensor operator()() const { return weighted_sum(outputs(*part_, in_, {.mode = VH_EVAL})); }
  double value() const {
    const at::NoGradGuard no_grad;
    return (*this)().item<double>();
  }
  std::vector<std::pair<std::string, at::Tensor>>& variables() { return variables_; }
  // The host refuses a part that makes parameters which it doesn't use.
  void require_gradients() const {
    if (part_->claims(VH_CAP_DYNAMIC_PARAMS)) return;
    for (const Param* param : part_->params())
      if (param->value.requires_grad() && !param->value.grad().defined())
        throw Failed("parameter " + param->name +
                     " gets no gradient: make only what is used, or claim VH_CAP_DYNAMIC_PARAMS");
  }
  void set_size(double size) { size_ = size; }
  double size() const { return size_; }  // of the value, which rounding errors follow

 private:
  std::unique_ptr<Subject> part_;
  vh_map in_;
  std::vector<std::pair<std::string, at::Tensor>> variables_;
  double size_ = 0;
};

// Along one random direction of the tensor, by central differences.
double slope_along(const Function& f, at::Tensor& variable, const at::Tensor& direction, double step) {
  const at::NoGradGuard no_grad;
  const at::Tensor before = variable.clone();
  variable.copy_(before + step * direction);
  const double above = f.value();
  variable.copy_(before - step * direction);
  const double below = f.value();
  variable.copy_(before);
  return (above - below) / (2 * step);
}

// What backward and finite differences say of one direction; "" if they agree.
std::string disagreement(const Function& f, at::Tensor& variable, uint64_t seed, const Precision& precision) {
  at::Generator random = at::detail::createCPUGenerator(seed);
  at::Tensor direction = at::randn(variable.sizes(), random, at::TensorOptions().dtype(at::kDouble));
  if (precision.dtype == at::kDouble) direction = direction / direction.norm();
  direction = direction.to(variable.scalar_type());
  const at::Tensor grad = variable.grad();
  const double gradient =
      grad.defined() ? (grad.to(at::kDouble) * direction.to(at::kDouble)).sum().item<double>() : 0.0;
  const double slope = slope_along(f, variable, direction, precision.step);
  const double allowed =
      precision.relative * std::max(std::abs(gradient), std::abs(slope)) + precision.absolute * std::max(1.0, f.size());
  if (std::abs(gradient - slope) <= allowed) return "";
  char text[160];
  std::snprintf(text, sizeof text, "backward gives a slope of %.6g along a random direction, finite differences %.6g%s",
                gradient, slope, precision.dtype == at::kDouble ? "" : " (in fp32)");
  return text;
}

// Where a part has kinks (ReLU), a difference across one is no slope: a wrong gradient is wrong along any direction.
void check_variable(const Function& f, const std::string& name, at::Tensor& variable, const Precision& precision) {
  std::string first;
  for (uint64_t attempt = 0; attempt < 3; ++attempt) {
    const std::string apart = disagreement(f, variable, vh_hash2(vh_hash_text(name.c_str()), attempt), precision);
    if (apart.empty()) return;
    if (first.empty()) first = apart;
  }
  throw Failed(name + ": " + first);
}

void check(const Case& subject, const Situation& situation, const Precision& precision) {
  Function f(subject, situation, precision);
  const at::Tensor sum = f();
  if (!sum.requires_grad()) {
    if (!f.variables().empty()) throw Failed(situation.name + ": nothing that it makes has a gradient");
    return;
  }
  sum.backward();
  f.require_gradients();
  f.set_size(std::abs(sum.item<double>()));
  for (auto& [name, variable] : f.variables()) check_variable(f, situation.name + ", " + name, variable, precision);
}

void gradcheck(const Case& subject) {
  const Precision& precision = widest_of(subject) == at::kDouble ? kDouble : kFloat;
  for (const Situation& situation : accepted(subject, 3)) check(subject, situation, precision);
}

}  // namespace

std::vector<Check> gradient_checks() {
  return {{"numerics.gradcheck", kBackbone | kHead | kLoss, gradcheck}};
}

}  // namespace vhost::check
