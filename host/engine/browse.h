// `vhost data browse`: samples as the model will see them.
#pragma once
#include "engine/data_api.h"

namespace vhost {

// Fills request.out. Throws Error for an index or class that isn't there.
void browse(const BrowseRequest& request);

}  // namespace vhost
