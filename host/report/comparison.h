// Two loss curves against each other.
#pragma once
#include <string>
#include <vector>

#include "report/chart.h"
#include "report/loss_curve.h"
#include "report/series.h"

namespace vhost::report {

struct Limits {
  double mre = 0.05, mae = 0.0002;
};

// Of the steps that both logged, matched by number.
struct Comparison {
  LossCurve curve, reference;                  // as they were matched: by epoch if either knows epochs only
  std::vector<int64_t> step;                   // in both
  std::vector<double> relative;                // |loss - reference| / |reference| of each; NaN where one isn't finite
  int64_t only_curve = 0, only_reference = 0;  // steps that the other lacks
  int64_t not_finite = 0;                      // common steps where either loss is no finite number
  double mre = 0, mae = 0;                     // means over the common steps; NaN if any isn't finite
  double largest = 0;                          // of `relative`
  int64_t largest_at = 0;
  Limits limits;

  // Accepted if mre <= limits.mre or mae <= limits.mae. Never with a loss that isn't finite.
  bool accepted() const { return mre <= limits.mre || mae <= limits.mae; }
};

// Throws Error if they have no step in common.
Comparison compare(const LossCurve& curve, const LossCurve& reference, const Limits& limits);

std::string comparison_text(const Comparison& comparison);  // for a terminal; ends with the verdict
std::string comparison_json(const Comparison& comparison);
History history_of(const LossCurve& curve);  // of the loss alone
// Both curves; and the relative error by step.
Chart overlay_chart(const Comparison& comparison);
Chart error_chart(const Comparison& comparison);

}  // namespace vhost::report
