// What `vhost data fingerprint`, `scan` and `stats` ask of a dataset.
#pragma once
#include "engine/data_api.h"

namespace vhost {

// Opens the dataset at the pointer; with request.read, reads every sample on all threads. Throws Error, with the exit
// code of the signal where one stopped it.
DatasetFacts dataset_facts(const DataRequest& request, const std::string& pointer);

}  // namespace vhost
