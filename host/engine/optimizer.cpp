#include "engine/optimizer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "engine/param_rules.h"
#include "vhost/params.h"

namespace vhost {

namespace {

const at::Tensor& find_state(const std::map<std::string, at::Tensor>& state, const std::string& name,
                             const at::Tensor& like, const std::string& file) {
  const auto it = state.find(name);
  if (it == state.end())
    throw Error(file + ": holds no \"" + name +
                "\": it was written with another model, optimizer.type, model.freeze or ema; put those keys back, or "
                "start anew with --no-resume");
  if (it->second.sizes() != like.sizes())
    throw Error(file + ": \"" + name + "\" has another shape than the model's: it belongs to another model");
  return it->second;
}

}  // namespace

Optimizer::Optimizer(const Manifest& manifest, const std::vector<Param*>& params) {
  adamw_ = manifest.string("/optimizer/type") == "adamw";
  nesterov_ = manifest.boolean("/optimizer/nesterov");
  momentum_ = manifest.number("/optimizer/momentum");
  beta1_ = manifest.number("/optimizer/betas/0");
  beta2_ = manifest.number("/optimizer/betas/1");
  eps_ = manifest.number("/optimizer/eps");
  const std::vector<const Param*> trained = trained_params(params);
  const std::vector<ParamSetting> settings = param_settings(manifest, trained, layers_of(params));
  for (size_t i = 0; i < trained.size(); ++i) {
    const Param* param = trained[i];
    const auto& [decay, lr_scale] = settings[i];
    Group* group = nullptr;
    for (Group& g : groups_)
      if (g.weight_decay == decay && g.lr_scale == lr_scale) group = &g;
    if (!group) group = &groups_.emplace_back(Group{decay, lr_scale, {}, {}, {}, {}});
    group->names.push_back(param->name);
    group->params.push_back(param->value);
    group->first.push_back(at::zeros_like(param->value));
    if (adamw_) group->second.push_back(at::zeros_like(param->value));
    trainable_ += param->value.numel();
  }
  steps_ = at::zeros({}, groups_.empty() ? at::TensorOptions()
                                         : groups_[0].params[0].options().dtype(at::kFloat).requires_grad(false));
}

void Optimizer::zero_grad() {
  for (Group& group : groups_)
    for (at::Tensor& param : group.params) param.mutable_grad() = at::Tensor();
}

std::vector<at::Tensor> Optimizer::grads() const {
  std::vector<at::Tensor> all;
  for (const Group& group : groups_)
    for (const at::Tensor& param : group.params)
      if (param.grad().defined()) all.push_back(param.grad());
  return all;
}

void Optimizer::scale_grads(double factor) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> all = grads();
  if (!all.empty()) at::_foreach_mul_(all, at::Scalar(factor));
}

double Optimizer::grad_norm() const {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> all = grads();
  if (all.empty()) return 0;
  return at::stack(at::_foreach_norm(all, 2)).to(at::kDouble).norm().item<double>();
}

std::string Optimizer::first_bad_gradient() const {
  for (const Group& group : groups_)
    for (size_t i = 0; i < group.params.size(); ++i)
      if (group.params[i].grad().defined() && !at::isfinite(group.params[i].grad()).all().item<bool>())
        return group.names[i];
  return "";
}

void Optimizer::step(double lr) {
  at::NoGradGuard no_grad;
  steps_.add_(1);
  for (Group& group : groups_) adamw_ ? step_adamw(group, lr * group.lr_scale) : step_sgd(group, lr * group.lr_scale);
}

std::vector<ParamRate> Optimizer::rates(double lr) const {
  std::vector<ParamRate> all;
  for (const Group& group : groups_)
    for (const std::string& name : group.names) all.push_back({name, lr * group.lr_scale, group.weight_decay});
  return all;
}

void Optimizer::step_adamw(Group& group, double lr) {
  std::vector<at::Tensor> params, grads, first, second, steps;
  for (size_t i = 0; i < group.params.size(); ++i) {
    if (!group.params[i].grad().defined()) continue;
    params.push_back(group.params[i]);
    grads.push_back(group.params[i].grad());
    first.push_back(group.first[i]);
    second.push_back(group.second[i]);
    steps.push_back(steps_);
  }
  if (params.empty()) return;
  at::_fused_adamw_(params, grads, first, second, /*max_exp_avg_sqs=*/{}, steps, lr, beta1_, beta2_, group.weight_decay,
                    eps_,
                    /*amsgrad=*/false, /*maximize=*/false);
}

void Optimizer::step_sgd(Group& group, double lr) {
  const bool first_step = steps_.item<float>() == 1.0f;
  for (size_t i = 0; i < group.params.size(); ++i) {
    if (!group.params[i].grad().defined()) continue;
    at::Tensor grad = group.params[i].grad();
    if (group.weight_decay != 0) grad = grad.add(group.params[i], group.weight_decay);
    if (momentum_ != 0) {
      first_step ? group.first[i].copy_(grad) : group.first[i].mul_(momentum_).add_(grad);
      grad = nesterov_ ? grad.add(group.first[i], momentum_) : group.first[i];
    }
    group.params[i].add_(grad, -lr);
  }
}

NamedTensors Optimizer::state() const {
  NamedTensors all{{"steps", steps_}};
  for (const Group& group : groups_)
    for (size_t i = 0; i < group.names.size(); ++i) {
      all.emplace_back((adamw_ ? "exp_avg." : "momentum.") + group.names[i], group.first[i]);
      if (adamw_) all.emplace_back("exp_avg_sq." + group.names[i], group.second[i]);
    }
  return all;
}

void Optimizer::load(const std::map<std::string, at::Tensor>& state, const std::string& file) {
  at::NoGradGuard no_grad;
  steps_.copy_(find_state(state, "steps", steps_, file));
  for (Group& group : groups_)
    for (size_t i = 0; i < group.names.size(); ++i) {
      group.first[i].copy_(
          find_state(state, (adamw_ ? "exp_avg." : "momentum.") + group.names[i], group.first[i], file));
      if (adamw_) group.second[i].copy_(find_state(state, "exp_avg_sq." + group.names[i], group.second[i], file));
    }
}

int64_t Optimizer::state_bytes() const {
  int64_t bytes = 0;
  for (const Group& group : groups_) {
    for (const at::Tensor& t : group.first) bytes += static_cast<int64_t>(t.nbytes());
    for (const at::Tensor& t : group.second) bytes += static_cast<int64_t>(t.nbytes());
  }
  return bytes;
}

Ema::Ema(double decay, bool warmup, const std::vector<Param*>& params) : decay_(decay), warmup_(warmup) {
  at::NoGradGuard no_grad;
  for (Param* param : params) {
    if (param->role != VH_PARAMETER || (param->flags & (VH_PARAM_NO_EMA | VH_PARAM_FROZEN))) continue;
    params_.push_back(param);
    average_.push_back(param->value.detach().clone());
  }
}

void Ema::update(int64_t step) {
  at::NoGradGuard no_grad;
  const double most = warmup_ ? 1 - std::pow(static_cast<double>(step), -2.0 / 3) : 1;
  std::vector<at::Tensor> values;
  for (Param* param : params_) values.push_back(param->value.detach());
  at::_foreach_lerp_(average_, values, at::Scalar(1 - std::min(decay_, most)));
}

void Ema::swap() {
  at::NoGradGuard no_grad;
  for (size_t i = 0; i < params_.size(); ++i) {
    at::Tensor value = params_[i]->value.detach();
    params_[i]->value.set_data(average_[i]);
    average_[i] = value;
  }
}

NamedTensors Ema::state() const {
  NamedTensors all;
  for (size_t i = 0; i < params_.size(); ++i) all.emplace_back(params_[i]->name, average_[i]);
  return all;
}

void Ema::load(const std::map<std::string, at::Tensor>& state, const std::string& file) {
  at::NoGradGuard no_grad;
  for (size_t i = 0; i < params_.size(); ++i) average_[i].copy_(find_state(state, params_[i]->name, average_[i], file));
}

}  // namespace vhost
