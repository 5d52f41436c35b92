#include <filesystem>
#include <iostream>

#include "check/check_api.h"
#include "cli/commands.h"

namespace vhost {
namespace fs = std::filesystem;

namespace {

// A folder, or the name of an installed plugin.
fs::path package_folder(const Options& options) {
  std::error_code ignored;
  if (options.plugin.find('/') != std::string::npos || fs::exists(fs::path(options.plugin) / "plugin.json", ignored)) {
    if (!fs::exists(fs::path(options.plugin) / "plugin.json", ignored))
      throw Error(options.plugin + ": there is no plugin.json in it: give a package's folder, or a plugin's name");
    return options.plugin;
  }
  const size_t at = options.plugin.find('@');
  const std::string range = at == std::string::npos ? "*" : options.plugin.substr(at + 1);
  return resolve(find_packages(plugin_search_path(options.plugin_path)), options.plugin.substr(0, at), range).folder;
}

// Said before the checks run, not after them.
void check_report(const std::string& file) {
  const fs::path folder = fs::absolute(file).parent_path();
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) throw Error("--report " + file + ": " + folder.string() + " is no folder");
}

// "clips.list=train.txt": VALUE is JSON, or else a string.
void set_parameter(const std::string& text, json::object& parameters) {
  const size_t equal = text.find('='), dot = text.find('.');
  if (equal == std::string::npos || dot == std::string::npos || dot == 0 || dot + 1 >= equal)
    throw Error("--set " + text + ": COMPONENT.KEY=VALUE is wanted");
  json::value value(text.substr(equal + 1));
  try {
    value = parse_json(text.substr(equal + 1), "--set").root;
  } catch (const Error&) {  // a string
  }
  json::value& component = parameters[text.substr(0, dot)];
  if (!component.is_object()) component.emplace_object();
  component.get_object()[text.substr(dot + 1, equal - dot - 1)] = std::move(value);
}

}  // namespace

int plugin_check_command(const Options& options) {
  CheckRequest request;
  request.folder = package_folder(options);
  request.only = options.checks;
  request.component = options.component;
  for (const std::string& text : options.sets) set_parameter(text, request.parameters);
  request.timeout_seconds = options.timeout_seconds;
  request.json = options.json;
  request.report = options.report;
  if (!request.report.empty()) check_report(request.report);
  return reinterpret_cast<decltype(&vhost_engine_check)>(engine_door("vhost_engine_check"))(&request);
}

}  // namespace vhost
