#include <algorithm>
#include <iostream>

#include "base/files.h"
#include "cli/data_source.h"
#include "cli/data_tables.h"
#include "cli/file_stats.h"
#include "cli/progress.h"
#include "engine/data_api.h"
#include "prepare/prepare.h"

namespace vhost {

namespace {

// All frames of videos up to 1024 frames, at little cost for pixels: of datasets that take them uniformly.
void read_widely(Manifest& manifest, const Resolution& resolution, const std::string& pointer) {
  json::object& part = manifest.find(pointer)->as_object();
  const json::value* choices =
      resolution.part(pointer).component->schema.at("properties").as_object().if_contains("sampling");
  if (!choices || canonical_json(*choices).find("\"uniform\"") == std::string::npos) return;
  for (const auto& [key, value] : {std::pair<const char*, json::value>{"sampling", "uniform"},
                                   {"frames", 1024},
                                   {"clips", 1},
                                   {"crops", 1},
                                   {"size", 32},
                                   {"resize_short", 0}})
    if (part.contains(key)) part[key] = value;
}

int ask_engine(const Options& options, DataSources& sources, bool read, std::vector<DatasetFacts>& facts) {
  DataRequest request;
  request.manifest = &sources.experiment.manifest;
  request.resolution = &sources.experiment.resolution;
  request.datasets = sources.pointers;
  request.read = read;
  request.threads = options.threads;
  request.progress = show_progress;
  request.out = &facts;
  return reinterpret_cast<decltype(&vhost_engine_data)>(engine_door("vhost_engine_data"))(&request);
}

// Returns how many it names.
int64_t write_skip_list(const Options& options, const std::vector<DatasetFacts>& all) {
  int64_t broken = 0;
  for (const DatasetFacts& dataset : all)
    broken += std::ranges::count_if(dataset.samples, [&](const SampleFacts& sample) {
      return !sample.error.empty() || (options.skip_short && is_short(dataset, sample));
    });
  if (broken == 0 && options.output.empty()) return 0;
  const std::string file = options.output.empty() ? "skip.txt" : options.output;
  write_file_atomically(file, skip_list(all, options.skip_short));
  if (!options.json && broken > 0)
    std::cout << "skip list   " << file << "; \"skip\": \"" << file << "\" in a dataset leaves them out\n";
  return broken;
}

// Reads all samples, what a manifest skips too; adds to `facts`.
int scan(const Options& options, std::vector<DatasetFacts>& facts) {
  DataSources sources = data_sources(options);
  Manifest& manifest = sources.experiment.manifest;
  for (const std::string& pointer : sources.pointers) {
    manifest.find(pointer)->as_object()["skip"] = "";
    if (!options.as_is) read_widely(manifest, sources.experiment.resolution, pointer);
  }
  return ask_engine(options, sources, /*read=*/true, facts);
}

}  // namespace

int data_fingerprint_command(const Options& options) {
  DataSources sources = data_sources(options);
  std::vector<DatasetFacts> facts;
  if (const int code = ask_engine(options, sources, /*read=*/false, facts); code != 0) return code;
  std::cout << (options.json ? facts_json(facts) : fingerprint_text(facts));
  return 0;
}

int data_stats_command(const Options& options) {
  DataSources sources = data_sources(options);
  std::vector<DatasetFacts> facts;
  if (const int code = ask_engine(options, sources, /*read=*/true, facts); code != 0) return code;
  std::cout << (options.json ? stats_json(facts) : stats_text(facts));
  return 0;
}

int data_scan_command(const Options& options) {
  std::vector<DatasetFacts> facts;
  if (const int code = scan(options, facts); code != 0) return code;
  std::cout << (options.json ? scan_json(facts) : scan_text(facts));
  return write_skip_list(options, facts) > 0 ? kExitError : 0;
}

int data_prepare_command(const Options& options) {
  PrepareOptions prepare;
  prepare.source = options.source;
  prepare.out = options.output;
  for (const std::string& table : options.annotations) prepare.annotations.emplace_back(table);
  prepare.split = options.split;
  prepare.progress = [](const std::string& what, int64_t files, int64_t) { show_progress(what, files, 0); };
  const Prepared prepared = prepare_kinetics(prepare);
  std::cout << prepared_text(prepared, prepare) << std::flush;
  int64_t broken = 0;
  if (!options.no_check) {
    std::vector<DatasetFacts> facts;
    for (const auto& [name, count] :
         {std::pair("train.txt", prepared.train), {"val.txt", prepared.val}, {"test.txt", prepared.test}}) {
      if (count == 0) continue;
      Options list = options;
      list.files = {(prepare.out / name).string()};
      list.dataset = "kinetics/clips";
      if (const int code = scan(list, facts); code != 0) return code;
      facts.back().pointer = list.files[0];
    }
    if (facts.empty()) return kExitError;
    std::cout << scan_text(facts);
    Options skip = options;
    skip.output = (prepare.out / "skip.txt").string();
    broken = write_skip_list(skip, facts);
  }
  return prepared.whole() && broken == 0 ? 0 : kExitError;
}

}  // namespace vhost
