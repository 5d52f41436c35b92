// Which charts a run gets, from what it measured.
#pragma once
#include <string>
#include <vector>

#include "report/chart.h"
#include "report/series.h"

namespace vhost::report {

// Loss first (always there, if empty), then accuracy, learning rate, gradient norm, parts of the loss, throughput,
// plugin scalars.
std::vector<Chart> run_charts(const History& history);

// The values as they are, means of neighbours where there are very many.
Curve raw_curve(const std::string& name, int color, const Series& series, double scale = 1);
// Raw values faint and a smoothed line on top, or one line where there is little to smooth. A nameless line is
// "smoothed".
void add_train_curves(Chart& chart, const std::string& name, int color, const Series& series, double scale = 1);

// The shortest ends of the paths that tell them apart: {"a/exp", "b/exp"} stay, {"w/x", "w/y"} become {"x", "y"}.
std::vector<std::string> short_names(const std::vector<std::string>& paths);

}  // namespace vhost::report
