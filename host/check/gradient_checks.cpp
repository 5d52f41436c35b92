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
constexpr Precision kDouble{at::kDouble, 1e-6, 1e-5, 1e-7}, kFloat{at::kFloat, 1e-2, 3e-2, 2e-3};

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

 private:
  std::unique_ptr<Subject> part_;
  vh_map in_;
  std::vector<std::pair<std::string, at::Tensor>> variables_;
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

void compare(const std::string& name, double gradient, double slope, const Precision& precision, double scale) {
  const double allowed =
      precision.relative * std::max(std::abs(gradient), std::abs(slope)) + precision.absolute * std::max(1.0, scale);
  if (std::abs(gradient - slope) <= allowed) return;
  char text[160];
  std::snprintf(text, sizeof text, ": backward gives a slope of %.6g along a random direction, finite differences %.6g",
                gradient, slope);
  throw Failed(name + text + (precision.dtype == at::kDouble ? "" : " (in fp32)"));
}

void check(const Case& subject, const Situation& situation, const Precision& precision) {
  Function f(subject, situation, precision);
  const at::Tensor sum = f();
  if (!sum.requires_grad()) {
    if (!f.variables().empty()) throw Failed(situation.name + ": nothing that it makes has a gradient");
    return;
  }
  sum.backward();
  uint64_t seed = 5;
  for (auto& [name, variable] : f.variables()) {
    at::Generator random = at::detail::createCPUGenerator(++seed);
    const at::Tensor direction =
        at::randn(variable.sizes(), random, at::TensorOptions().dtype(at::kDouble)).to(variable.scalar_type());
    const at::Tensor grad = variable.grad();
    const double along = grad.defined() ? (grad.to(at::kDouble) * direction.to(at::kDouble)).sum().item<double>() : 0.0;
    const double slope = slope_along(f, variable, direction, precision.step);
    compare(situation.name + ", " + name, along, slope, precision, std::abs(sum.item<double>()));
  }
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
