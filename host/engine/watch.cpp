#include "engine/watch.h"

#include <cmath>

#include "base/error.h"
#include "report/format.h"

namespace vhost {

bool Watch::observe(int64_t step, const std::map<std::string, double>& metrics) {
  const auto found = metrics.find(metric_);
  if (found == metrics.end()) {
    std::string names;
    for (const auto& [name, value] : metrics) names += (names.empty() ? "" : ", ") + name;
    throw Error("evaluations have no metric \"" + metric_ + "\"; they have: " + names);
  }
  seen_step_ = step;
  const double value = found->second, gain = report::higher_is_better(metric_) ? value - best_ : best_ - value;
  const bool better = std::isfinite(value) && (best_step_ < 0 || gain > min_delta_);
  since_ = better ? 0 : since_ + 1;
  if (better) best_ = value, best_step_ = step;
  return better;
}

std::string Watch::text() const {
  if (best_step_ < 0) return metric_ + " has been no number throughout";
  return metric_ + " " + report::format_metric(metric_, best_) + " at step " + std::to_string(best_step_);
}

json::object Watch::save() const {
  json::object state{{"metric", metric_}, {"step", best_step_}, {"seen", seen_step_}, {"since", since_}};
  if (best_step_ >= 0) state["value"] = best_;
  return state;
}

void Watch::load(const json::object& state) {
  if (state.at("metric").as_string() != metric_) return;
  best_step_ = state.at("step").to_number<int64_t>();
  seen_step_ = state.at("seen").to_number<int64_t>();
  since_ = state.at("since").to_number<int64_t>();
  if (best_step_ >= 0) best_ = state.at("value").to_number<double>();
}

}  // namespace vhost
