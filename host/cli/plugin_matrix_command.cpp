#include <algorithm>
#include <cstdio>
#include <iostream>

#include "cli/commands.h"
#include "cli/matrix_table.h"

namespace vhost {

namespace {

constexpr const char* kInputForms = "image, clip or FRAMESxHEIGHTxWIDTH is wanted";

MatrixInput input_of(const std::string& text) {
  MatrixInput image{"image", 1, 224, 224, 1000}, clip{"clip", 16, 224, 224, 400};
  if (text == "image") return image;
  if (text == "clip") return clip;
  int frames = 0, height = 0, width = 0, end = 0;
  const int read = std::sscanf(text.c_str(), "%5dx%5dx%5d%n", &frames, &height, &width, &end);
  if (read != 3 || static_cast<size_t>(end) != text.size() || std::min({frames, height, width}) < 1)
    throw Error("--input " + text + ": " + kInputForms);
  MatrixInput input = frames > 1 ? clip : image;
  input.name = text, input.frames = frames, input.height = height, input.width = width;
  return input;
}

// "plugin/component", which one of the newest packages offers.
const Component& component_at(const Found& found, const std::string& option, const std::string& use) {
  const size_t slash = use.find('/');
  if (slash == std::string::npos) throw Error(option + use + ": PLUGIN/COMPONENT is wanted");
  const Package& package = resolve(found, use.substr(0, slash), "*");
  const std::string name = use.substr(slash + 1);
  std::vector<std::string> names;
  for (const Component& component : package.components) {
    if (component.name == name) return component;
    names.push_back(component.name);
  }
  throw Error(option + use + ": " + package.name + " has no component \"" + name + "\"" + did_you_mean(name, names));
}

std::string only_part(const Found& found, const std::string& use) {
  const std::string& interface_id = component_at(found, "--part ", use).interface_id;
  if (interface_id.starts_with("vh.dataset/"))
    throw Error("--part " + use +
                ": is a dataset, of which the matrix has none: it goes with all parts that take its pixels");
  return use;
}

// "videomae/vit.patch=8": VALUE is JSON, or else a string.
void set_parameter(const Found& found, const std::string& text, std::map<std::string, json::object>& parameters) {
  const size_t equal = text.find('='), dot = text.find('.');
  if (equal == std::string::npos || dot == std::string::npos || dot + 1 >= equal)
    throw Error("--set " + text + ": PLUGIN/COMPONENT.KEY=VALUE is wanted");
  json::value value(text.substr(equal + 1));
  try {
    value = parse_json(text.substr(equal + 1), "--set").root;
  } catch (const Error&) {  // a string
  }
  const std::string use = text.substr(0, dot), key = text.substr(dot + 1, equal - dot - 1);
  const Component& component = component_at(found, "--set ", use);
  std::vector<std::string> keys;
  if (const json::value* properties = component.schema.if_contains("properties"); properties && properties->is_object())
    for (const auto& property : properties->get_object()) keys.emplace_back(property.key());
  if (std::find(keys.begin(), keys.end(), key) == keys.end())
    throw Error("--set " + text + ": " + use + " has no parameter \"" + key + "\"" + did_you_mean(key, keys));
  parameters[use][key] = std::move(value);
}

}  // namespace

int plugin_matrix_command(const Options& options) {
  const Found found = find_packages(plugin_search_path(options.plugin_path));
  for (const std::string& problem : found.problems) std::cerr << "warning: " << problem << "\n";
  MatrixRequest request;
  request.packages = &found;
  for (const std::string& text : options.inputs) request.inputs.push_back(input_of(text));
  if (options.inputs.empty()) request.inputs = {input_of("image"), input_of("clip")};
  if (!options.part.empty()) request.only = only_part(found, options.part);
  for (const std::string& text : options.sets) set_parameter(found, text, request.parameters);
  std::vector<Combination> all;
  request.out = &all;
  const int code = reinterpret_cast<decltype(&vhost_engine_matrix)>(engine_door("vhost_engine_matrix"))(&request);
  if (code != 0) return code;
  if (options.json)
    std::cout << pretty_json(matrix_json(request.inputs, all)) << "\n";
  else
    std::cout << matrix_text(request.inputs, all, request.only);
  return 0;
}

}  // namespace vhost
