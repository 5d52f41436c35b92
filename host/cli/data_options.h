// The options of `vhost data ...`.
#pragma once
#include <CLI/App.hpp>

#include "cli/options.h"

namespace vhost {

void add_data_commands(CLI::App& app, Options& options);

}  // namespace vhost
