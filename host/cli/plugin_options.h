// The options of `vhost plugin ...`.
#pragma once
#include <CLI/App.hpp>

#include "cli/options.h"

namespace vhost {

void add_plugin_path(CLI::App& app, Options& options);  // --plugin-path
void add_plugin_commands(CLI::App& app, Options& options);

}  // namespace vhost
