// Checkpoint files from other projects' names to ours, and back.
#pragma once
#include "engine/convert_api.h"

namespace vhost {

void convert_file(const ConvertFileRequest& request);  // another project's file -> our names
void export_file(const ConvertFileRequest& request);   // ours -> another project's names

}  // namespace vhost
