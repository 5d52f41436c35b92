// The tables of this layer's services; host_table() registers them.
#pragma once
#include "vhost/vhost.h"

namespace vhost {

extern const vh_specs_1 kSpecsTable;
extern const vh_config_1 kConfigTable;
extern const vh_log_1 kLogTable;
extern const vh_parallel_1 kParallelTable;

}  // namespace vhost
