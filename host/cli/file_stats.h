// What a dataset tells of its files, over all samples that can be read.
#pragma once
#include <string>
#include <vector>

#include "engine/data_api.h"

namespace vhost {

struct Distribution {
  std::string key;  // "frames"
  double least = 0, median = 0, most = 0;
  int64_t known = 0;                 // samples that it was told of
  std::vector<std::string> unusual;  // names of those below half or above twice the median
};

struct FrameSize {
  int64_t width = 0, height = 0, samples = 0;
};

// Of each key but "missing".
std::vector<Distribution> distributions(const DatasetFacts& facts);
// Most frequent first.
std::vector<FrameSize> frame_sizes(const DatasetFacts& facts);

// 0 = not known, or no number that a file can have.
double file_fact(const DatasetFacts& facts, const SampleFacts& sample, const std::string& key);
// Cut off at its end: readable, and its container announces more.
bool is_short(const DatasetFacts& facts, const SampleFacts& sample);
std::string short_text(const DatasetFacts& facts, const SampleFacts& sample);  // "holds 52 frames, announces 234 more"

std::string file_stats_text(const DatasetFacts& facts);
json::object file_stats_json(const DatasetFacts& facts);

}  // namespace vhost
