#include "report/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/json_number.h"
#include "report/curves.h"
#include "report/format.h"

namespace vhost::report {
namespace {

std::string span_of(const LossCurve& curve) {
  return std::to_string(curve.step.front()) + " to " + std::to_string(curve.step.back());
}

double relative_error(double loss, double reference) {
  if (loss == reference) return 0;
  return std::fabs(loss - reference) / std::fabs(reference);
}

void add_step(Comparison& c, int64_t step, double loss, double reference) {
  c.step.push_back(step);
  const bool finite = std::isfinite(loss) && std::isfinite(reference);
  const double relative = finite ? relative_error(loss, reference) : std::numeric_limits<double>::quiet_NaN();
  c.relative.push_back(relative);
  if (!finite) ++c.not_finite;
  c.mre += relative;
  c.mae += std::fabs(loss - reference);
  if (c.step.size() == 1 || std::isnan(c.largest) || relative > c.largest) c.largest = relative, c.largest_at = step;
}

std::string what_was_read(const LossCurve& curve) {
  std::string text = curve.format + ", " + std::to_string(curve.step.size()) + (curve.by_epoch ? " epochs" : " steps") +
                     ", " + span_of(curve);
  if (curve.repeated > 0) text += ", " + std::to_string(curve.repeated) + " logged again (the last counts)";
  return text;
}

}  // namespace

Comparison compare(const LossCurve& curve, const LossCurve& reference, const Limits& limits) {
  Comparison c;
  const bool by_epoch = curve.by_epoch || reference.by_epoch;
  c.curve = by_epoch ? per_epoch(curve) : curve;
  c.reference = by_epoch ? per_epoch(reference) : reference;
  c.limits = limits;
  for (size_t i = 0, k = 0; i < c.curve.step.size() || k < c.reference.step.size();) {
    const bool more = i < c.curve.step.size(), more_reference = k < c.reference.step.size();
    if (more && more_reference && c.curve.step[i] == c.reference.step[k]) {
      add_step(c, c.curve.step[i], c.curve.loss[i], c.reference.loss[k]);
      ++i, ++k;
    } else if (!more_reference || (more && c.curve.step[i] < c.reference.step[k])) {
      ++c.only_curve, ++i;
    } else {
      ++c.only_reference, ++k;
    }
  }
  if (c.step.empty())
    throw Error("no common " + std::string(by_epoch ? "epochs" : "steps") + ": " + curve.name + " has " +
                std::to_string(c.curve.step.size()) + ", " + span_of(c.curve) + "; " + reference.name + " has " +
                std::to_string(c.reference.step.size()) + ", " + span_of(c.reference) +
                "; log both at the same interval (log.every_steps)");
  c.mre /= static_cast<double>(c.step.size());
  c.mae /= static_cast<double>(c.step.size());
  if (c.not_finite > 0) c.mre = c.mae = std::numeric_limits<double>::quiet_NaN();
  return c;
}

std::string comparison_text(const Comparison& c) {
  const std::string unit = c.curve.by_epoch ? "epochs" : "steps";
  std::string out = "run         " + c.curve.name + "  (" + what_was_read(c.curve) + ")\n";
  out += "reference   " + c.reference.name + "  (" + what_was_read(c.reference) + ")\n";
  out += "compared    " + std::to_string(c.step.size()) + " common " + unit + ", " + std::to_string(c.step.front()) +
         " to " + std::to_string(c.step.back());
  if (c.only_curve > 0) out += "; " + std::to_string(c.only_curve) + " only in the run";
  if (c.only_reference > 0) out += "; " + std::to_string(c.only_reference) + " only in the reference";
  out += "\n";
  if (c.not_finite > 0)
    out +=
        "not finite  " + std::to_string(c.not_finite) + " of the common " + unit + " have a loss that is no number\n";
  out += "mre         " + format_number(c.mre) + "  (limit " + format_lr(c.limits.mre) + "; largest " +
         format_number(c.largest) + " at " + (c.curve.by_epoch ? "epoch " : "step ") + std::to_string(c.largest_at) +
         ")\n";
  out += "mae         " + format_number(c.mae) + "  (limit " + format_lr(c.limits.mae) + ")\n";
  return out + (c.accepted() ? "accepted\n" : "not accepted\n");
}

std::string comparison_json(const Comparison& c) {
  json::object out;
  out["run"] = c.curve.name;
  out["reference"] = c.reference.name;
  out["unit"] = c.curve.by_epoch ? "epoch" : "step";
  out["common"] = c.step.size();
  out["only_run"] = c.only_curve;
  out["only_reference"] = c.only_reference;
  out["not_finite"] = c.not_finite;
  out["mre"] = number_json(c.mre);
  out["mae"] = number_json(c.mae);
  out["largest"] = number_json(c.largest);
  out["largest_at"] = c.largest_at;
  out["limits"] = json::object{{"mre", c.limits.mre}, {"mae", c.limits.mae}};
  out["accepted"] = c.accepted();
  return pretty_json(out);
}

History history_of(const LossCurve& curve) {
  History history;
  for (size_t i = 0; i < curve.step.size(); ++i) {
    history.steps["loss"].add(static_cast<double>(curve.step[i]), curve.loss[i]);
    history.last.step = curve.step[i];
    history.last.loss = curve.loss[i];
    ++history.records;
  }
  return history;
}

Chart overlay_chart(const Comparison& c) {
  const History run = history_of(c.curve), reference = history_of(c.reference);
  const std::vector<std::string> names = short_names({c.curve.name, c.reference.name});
  Chart chart;
  chart.id = "loss";
  chart.title = "Loss";
  if (c.curve.by_epoch) chart.x_name = "epoch";
  chart.log_if_decades = true;
  add_train_curves(chart, names[1], 1, reference.steps.at("loss"));
  add_train_curves(chart, names[0], 0, run.steps.at("loss"));
  return chart;
}

Chart error_chart(const Comparison& c) {
  Series series;
  for (size_t i = 0; i < c.step.size(); ++i) series.add(static_cast<double>(c.step[i]), 100 * c.relative[i]);
  Chart chart;
  chart.id = "error";
  chart.title = "Relative error";
  chart.unit = "%";
  chart.from_zero = true;
  if (c.curve.by_epoch) chart.x_name = "epoch";
  add_train_curves(chart, "", 0, series);
  return chart;
}

}  // namespace vhost::report
