// What a finished (or running) run left in its work-dir, for comparing runs.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "report/chart.h"
#include "report/loss_curve.h"
#include "report/series.h"

namespace vhost::report {

struct RunData {
  std::string path, name;          // as it was given; short, see short_names()
  std::string format;              // "vhost", or the other system whose log it is
  bool by_epoch = false;           // a log that knows epochs only
  History history;                 // of another system's log: the loss alone
  json::value record;              // record.json; null = none
  std::vector<std::string> notes;  // what is missing or unreadable, a line each
};

// A work-dir, or another system's log (see read_loss_curve). Throws Error where there is neither.
RunData read_run(const std::filesystem::path& path);

// Every value that isn't the same in all records, by name: the manifest's by pointer, and versions, machine, plugins
// and data. One text per run; "" = it has none. Runs without a record have none of anything.
struct Differences {
  std::vector<std::pair<std::string, std::vector<std::string>>> rows;
  size_t same = 0;  // values that all records share
};
Differences differences(const std::vector<RunData>& runs);

// Loss first (without logs of epochs, unless all are), then evaluations, learning rate, gradient norm, throughput; a
// curve per run, coloured by its place.
std::vector<Chart> overlay_charts(const std::vector<RunData>& runs);

}  // namespace vhost::report
