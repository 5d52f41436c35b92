// The datasets that a `vhost data` command is about: a manifest's, or one for a list file or folder.
#pragma once
#include "cli/commands.h"

namespace vhost {

struct DataSources {
  Experiment experiment;
  std::vector<std::string> pointers;  // "/data/train", ...
};

// Throws Error where there is none, or --only names one that isn't there.
DataSources data_sources(const Options& options);

}  // namespace vhost
