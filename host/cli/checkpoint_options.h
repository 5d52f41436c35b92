// The options of `vhost checkpoint ...`.
#pragma once
#include <CLI/App.hpp>

#include "cli/options.h"

namespace vhost {

void add_checkpoint_commands(CLI::App& app, Options& options);

}  // namespace vhost
