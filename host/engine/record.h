// What a run leaves behind of how it came about: the lock.
#pragma once
#include <vector>

#include "engine/experiment.h"

namespace vhost {

// Writes the lock file where it must change, and the work-dir's own copy of it. Call it once the experiment is
// assembled.
void write_lock(const Experiment& experiment);

// What write_lock would change, for --dry-run.
std::vector<SummaryRow> lock_rows(const RunRequest& request);

}  // namespace vhost
