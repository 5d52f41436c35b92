// Where a command may put its output.
#pragma once
#include <filesystem>

namespace vhost {

// Throws Error where no file can be put in place by renaming, or where that would destroy what isn't a file: a folder,
// a device, a pipe or a socket (/dev/null, /dev/stdout) at `path`, or no folder for it.
void check_replaceable(const std::filesystem::path& path);

}  // namespace vhost
