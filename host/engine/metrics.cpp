#include "engine/metrics.h"

#include "base/json_number.h"

namespace vhost {

TopK::TopK(const std::vector<int64_t>& ks) {
  hits.clear();
  for (const int64_t k : ks) hits[k] = 0;
}

void TopK::add(const at::Tensor& scores, const at::Tensor& labels, const at::Tensor& weights) {
  at::NoGradGuard no_grad;
  const at::Tensor valid = weights.gt(0).logical_and(labels.ge(0));
  const at::Tensor index = labels.clamp_min(0).unsqueeze(1);
  const at::Tensor own = scores.gather(1, index);  // B x 1
  const at::Tensor classes = at::arange(scores.size(1), labels.options());
  const at::Tensor better = scores.gt(own).logical_or(scores.eq(own).logical_and(classes.unsqueeze(0).lt(index)));
  const at::Tensor rank = better.sum(1);
  const at::Tensor defined = valid.logical_and(own.squeeze(1).isfinite());
  for (auto& [k, count] : hits) count += defined.logical_and(rank.lt(k)).sum().item<int64_t>();
  samples += valid.sum().item<int64_t>();
}

void TopK::merge(const TopK& other) {
  for (const auto& [k, count] : other.hits) hits[k] += count;
  samples += other.samples;
}

void TopK::report(std::map<std::string, double>& metrics) const {
  if (samples == 0) return;
  for (const auto& [k, count] : hits)
    metrics["top" + std::to_string(k)] = 100.0 * static_cast<double>(count) / static_cast<double>(samples);
}

void Window::add(double step_loss, const std::map<std::string, double>& step_scalars) {
  loss += step_loss;
  ++steps;
  for (const auto& [name, value] : step_scalars) scalars[name] += value;
}

std::map<std::string, double> Window::means() const {
  std::map<std::string, double> out;
  for (const auto& [name, sum] : scalars) out[name] = sum / static_cast<double>(std::max<int64_t>(1, steps));
  top.report(out);
  return out;
}

json::object Window::save() const {
  json::object sums;
  for (const auto& [name, sum] : scalars) sums[name] = number_json(sum);
  json::object saved{{"loss", number_json(loss)}, {"steps", steps}, {"scalars", sums}, {"samples", top.samples}};
  for (const auto& [k, count] : top.hits) saved["top" + std::to_string(k)] = count;
  return saved;
}

void Window::load(const json::object& saved) {
  loss = json_number(saved.at("loss"));
  steps = saved.at("steps").to_number<int64_t>();
  for (const auto& [name, sum] : saved.at("scalars").as_object()) scalars[std::string(name)] = json_number(sum);
  for (auto& [k, count] : top.hits) count = saved.at("top" + std::to_string(k)).to_number<int64_t>();
  top.samples = saved.at("samples").to_number<int64_t>();
}

}  // namespace vhost
