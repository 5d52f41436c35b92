// Pages about several runs: `vhost report` and the plot of `vhost compare`. Each is one file that needs nothing else.
#pragma once
#include <string>
#include <vector>

#include "report/comparison.h"
#include "report/run_data.h"

namespace vhost::report {

// Final figures, curves over each other, and what differs between the records.
std::string runs_page(const std::vector<RunData>& runs, const std::string& title);

// Verdict and figures, both loss curves, the error by step, and what differs between the records.
std::string comparison_page(const Comparison& comparison, const std::vector<RunData>& runs);

// The final figures for a terminal, one line per run.
std::string runs_text(const std::vector<RunData>& runs);

}  // namespace vhost::report
