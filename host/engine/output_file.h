// Results are written when the work is done; that they can be is checked before it.
#pragma once
#include <filesystem>

namespace vhost {

// Makes the file's folder. Throws Error if the file is a folder, a device or a pipe, or its folder can't be written to.
void check_output_file(const std::filesystem::path& file);

}  // namespace vhost
