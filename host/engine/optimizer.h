// AdamW (LibTorch's fused kernel) and SGD over groups of parameters, gradient clipping, and the average of the weights.
#pragma once
#include <ATen/core/grad_mode.h>

#include <map>
#include <string>
#include <vector>

#include "checkpoint/safetensors.h"
#include "gateway/gateway.h"
#include "manifest/manifest.h"

namespace vhost {

struct ParamRate {
  std::string name;
  double lr = 0, weight_decay = 0;
};

class Optimizer {
 public:
  // Takes the trainable parameters, each with its rate and decay from param_settings.
  Optimizer(const Manifest& manifest, const std::vector<Param*>& params);

  void zero_grad();
  void scale_grads(double factor);
  double grad_norm() const;                // L2 over all gradients
  std::string first_bad_gradient() const;  // name of a parameter whose gradient is not finite; "" = none
  void step(double lr);
  std::vector<ParamRate> rates(double lr) const;  // of each parameter in a step(lr)

  NamedTensors state() const;
  void load(const std::map<std::string, at::Tensor>& state,
            const std::string& file);  // throws if names or shapes differ
  int64_t trainable() const { return trainable_; }
  int64_t state_bytes() const;

 private:
  struct Group {
    double weight_decay = 0, lr_scale = 1;
    std::vector<std::string> names;
    std::vector<at::Tensor> params, first, second;  // momentum, or exp_avg and exp_avg_sq
  };
  void step_adamw(Group& group, double lr);
  void step_sgd(Group& group, double lr);
  std::vector<at::Tensor> grads() const;

  bool adamw_ = true, nesterov_ = false;
  double beta1_ = 0.9, beta2_ = 0.999, eps_ = 1e-8, momentum_ = 0.9;
  at::Tensor steps_;  // of the optimiser, a float scalar as the fused kernel wants it
  std::vector<Group> groups_;
  int64_t trainable_ = 0;
};

// Exponential moving average of the parameters: ema = decay * ema + (1 - decay) * value. With warm-up the decay of step
// n, from 1, is at most 1 - n^(-2/3), as in timm's ModelEmaV3.
class Ema {
 public:
  Ema(double decay, bool warmup, const std::vector<Param*>& params);
  void update(int64_t step);  // from 1
  void swap();                // exchanges the model's weights with the average; twice = as before
  NamedTensors state() const;
  void load(const std::map<std::string, at::Tensor>& state, const std::string& file);

 private:
  double decay_;
  bool warmup_;
  std::vector<Param*> params_;
  std::vector<at::Tensor> average_;
};

}  // namespace vhost
