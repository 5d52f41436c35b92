// How far a long command is.
#pragma once
#include <cstdint>
#include <string>

namespace vhost {

// One line of stderr that is redrawn; nothing where that is no terminal. total 0 = not known.
void show_progress(const std::string& what, int64_t done, int64_t total);

}  // namespace vhost
