// The options of `vhost checkpoint convert` and `vhost checkpoint export`.
#pragma once
#include <CLI/App.hpp>

#include "cli/options.h"

namespace vhost {

void add_convert_commands(CLI::App& checkpoint, Options& options);

}  // namespace vhost
