// The options of `vhost compare` and `vhost report`.
#pragma once
#include "cli/options.h"

namespace CLI {
class App;
}

namespace vhost {

void add_report_commands(CLI::App& app, Options& options);

}  // namespace vhost
