// Settings that the C library and libgomp read only when a process starts.
#pragma once

namespace vhost {

// Sets what speeds computing up, unless the user has set it, and starts the program anew with it (the same process);
// returns where nothing was to be set.
void start_with_settings(char** argv);

}  // namespace vhost
