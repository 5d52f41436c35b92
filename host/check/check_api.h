// The second door of libvhost_engine.so: the conformance kit behind `vhost plugin check`.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"

namespace vhost {

struct CheckRequest {
  std::filesystem::path folder;   // of the package: plugin.json and the library
  std::vector<std::string> only;  // ids of checks, or groups ("numerics"); empty = all
  std::string component;          // name of the only component to check; "" = all
  json::object parameters;        // component -> its parameters for the checks, over those that plugin.json gives
  double timeout_seconds = 60;    // of one check
  bool json = false;              // the report on stdout instead of lines
  std::string report;             // the report goes into this file too; "" = none
};

}  // namespace vhost

// Returns the exit code: 0 nothing failed, 1 something did, or an error (already printed), 130 SIGINT, 143 SIGTERM.
extern "C" int vhost_engine_check(const vhost::CheckRequest* request);
