// Which charts a run gets, from what it measured.
#pragma once
#include <vector>

#include "report/chart.h"
#include "report/series.h"

namespace vhost::report {

// Loss first (always there, if empty), then accuracy, learning rate, gradient norm, parts of the loss, throughput,
// plugin scalars.
std::vector<Chart> run_charts(const History& history);

}  // namespace vhost::report
