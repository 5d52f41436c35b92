// What the `vhost data` commands print.
#pragma once
#include <string>
#include <vector>

#include "engine/data_api.h"

namespace vhost {

std::string fingerprint_text(const std::vector<DatasetFacts>& all);
std::string facts_json(const std::vector<DatasetFacts>& all);

std::string scan_text(const std::vector<DatasetFacts>& all);  // the broken samples with their reasons, and the counts
std::string scan_json(const std::vector<DatasetFacts>& all);
// See SkipList in data/dataset.h. The broken, and with `with_short` those that were cut off.
std::string skip_list(const std::vector<DatasetFacts>& all, bool with_short);

std::string stats_text(const std::vector<DatasetFacts>& all);  // samples by class, bytes, what is in the files
std::string stats_json(const std::vector<DatasetFacts>& all);

}  // namespace vhost
