// What a run leaves behind of how it came about: lock.json, record.json; and runs made again from that.
#pragma once
#include <filesystem>
#include <vector>

#include "engine/experiment.h"
#include "record/rerun.h"

namespace vhost {

// This process, for the record and to compare with one.
Start this_start(const Experiment& experiment, int64_t step);

// Where predict and extract write; "" = predict without --output.
std::filesystem::path output_of(const RunRequest& request);

// Writes the lock file where it must change, with the work-dir's own copy of it, and the record: record.json in
// training's work-dir (a resume adds to its history), NAME.record.json beside another task's NAME.json. Call it once
// the experiment is assembled. step: where this process begins.
void write_record(const Experiment& experiment, int64_t step);

// What would change in the lock file, for --dry-run.
std::vector<SummaryRow> lock_rows(const RunRequest& request);

// Compares the datasets' fingerprints with the record's; throws the Error that lists all that stands in the way of the
// rerun, the request's own problems among it.
void check_rerun(const RunRequest& request);

}  // namespace vhost
