// The options of `vhost compare` and `vhost report`.
#pragma once
#include <CLI/App.hpp>

#include "cli/options.h"

namespace vhost {

void add_report_commands(CLI::App& app, Options& options);

}  // namespace vhost
