#include "cli/data_source.h"

#include <algorithm>
#include <fstream>

namespace vhost {
namespace fs = std::filesystem;

namespace {

std::string extension_of(const std::string& name) {
  std::string extension = fs::path(name).extension().string();
  std::ranges::transform(extension, extension.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

// "a/b c.mp4 3" -> "a/b c.mp4"
std::string without_label(const std::string& line) {
  const size_t last = line.find_last_of("\t, ");
  const bool label = last != std::string::npos && line.find_first_not_of("-0123456789", last + 1) == std::string::npos;
  return label ? line.substr(0, last) : line;
}

// Which of the shipped datasets reads this.
std::string guess_dataset(const std::string& source) {
  std::error_code ignored;
  if (fs::is_directory(source, ignored)) return "imagenet/folder";
  std::ifstream list(source);
  if (!list) throw Error(source + ": no such file or folder, or it can't be read");
  std::string line;
  while (std::getline(list, line)) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
    if (!line.empty() && line[0] != '#') break;
  }
  if (line.empty()) throw Error(source + ": is an empty list");
  static const std::vector<std::string> images = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".gif",
                                                  ".tif", ".tiff", ".ppm", ".pgm", ".pbm",  ".avif"};
  const bool image = std::ranges::find(images, extension_of(without_label(line))) != images.end();
  return image ? "imagenet/list" : "kinetics/clips";
}

// No model is needed to look at data.
json::object schema_without_model() {
  json::object schema = host_schema();
  json::array required;
  for (const json::value& key : schema.at("required").as_array())
    if (key != "model") required.push_back(key);
  schema["required"] = std::move(required);
  return schema;
}

Experiment experiment_for(const Options& options, const std::string& source) {
  const std::string use = options.dataset.empty() ? guess_dataset(source) : options.dataset;
  std::error_code ignored;
  const char* key = fs::is_directory(source, ignored) ? "root" : "list";
  const json::object text{{"vhost", 1},
                          {"task", "test"},
                          {"plugins", json::object{{use.substr(0, use.find('/')), "*"}}},
                          {"data", json::object{{"eval", json::object{{"use", use}, {key, source}}}}}};
  Experiment experiment{parse_manifest(canonical_json(text), source, options.sets), {}, {}, {}};
  for (auto& [pointer, place] : experiment.manifest.places)  // lines of the text above, not of the user's file
    if (place.file == source) place.line = place.column = 0;
  validate(experiment.manifest, "", experiment.manifest.root, schema_without_model());
  experiment.packages = find_packages(plugin_search_path(options.plugin_path));
  experiment.resolution = resolve_manifest(experiment.manifest, experiment.packages);
  return experiment;
}

}  // namespace

DataSources data_sources(const Options& options) {
  if (options.files.empty() && options.manifest.empty()) throw Error("--manifest FILE or SOURCE is missing");
  if (!options.files.empty()) {
    if (!options.only.empty())
      throw Error("--only " + options.only + ": chooses among a manifest's datasets, and there is none");
    return {experiment_for(options, options.files[0]), {"/data/eval"}};
  }
  DataSources sources{read_experiment(options), {}};
  for (const char* name : {"train", "eval", "predict"})
    if (sources.experiment.manifest.has(std::string("/data/") + name) && (options.only.empty() || options.only == name))
      sources.pointers.push_back(std::string("/data/") + name);
  if (sources.pointers.empty())
    throw sources.experiment.manifest.error(
        "/data", options.only.empty() ? "names no dataset" : "has no dataset \"" + options.only + "\"");
  return sources;
}

}  // namespace vhost
