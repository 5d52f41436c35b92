#include <algorithm>
#include <iomanip>
#include <iostream>

#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"

namespace vhost {
namespace {

std::string abi_of(const Package& package) {
  return std::to_string(package.abi_major) + "." + std::to_string(package.target_minor);
}

// "vh.loss/1" -> "loss": what people call it.
std::string kind_of(const std::string& interface_id) {
  const size_t begin = interface_id.rfind("vh.", 0) == 0 ? 3 : 0;
  return interface_id.substr(begin, interface_id.find('/') - begin);
}

json::object describe(const Package& package) {
  json::array components;
  for (const Component& component : package.components) {
    components.push_back(json::object{{"interface", component.interface_id},
                                      {"name", component.name},
                                      {"summary", component.summary},
                                      {"schema", component.schema}});
  }
  return {{"name", package.name},
          {"version", package.version},
          {"licence", package.licence},
          {"description", package.description},
          {"abi", abi_of(package)},
          {"build", package.build},
          {"folder", package.folder.string()},
          {"library", package.library.string()},
          {"sha256", package.sha256},
          {"components", std::move(components)}};
}

std::string text_of(const json::value& schema, const char* key) {
  const auto* object = schema.if_object();
  const auto* value = object ? object->if_contains(key) : nullptr;
  return !value ? "" : value->is_string() ? std::string(value->get_string()) : canonical_json(*value);
}

std::string type_of(const json::object& schema) {
  if (const auto* values = schema.if_contains("enum")) {
    std::string text;
    for (const auto& value : values->as_array()) {
      text +=
          (text.empty() ? "" : " | ") + (value.is_string() ? std::string(value.get_string()) : canonical_json(value));
    }
    return text;
  }
  const auto* types = schema.if_contains("type");
  if (!types || !types->is_array()) return text_of(schema, "type");
  std::string text;
  for (const auto& type : types->get_array()) text += (text.empty() ? "" : " or ") + std::string(type.as_string());
  return text;
}

std::string range_of(const json::object& schema) {
  const auto bound = [&](const char* sign, const char* key) {
    const std::string value = text_of(schema, key);
    return value.empty() ? "" : std::string(sign) + value;
  };
  const std::string low = bound(">= ", "minimum") + bound("> ", "exclusiveMinimum");
  const std::string high = bound("<= ", "maximum") + bound("< ", "exclusiveMaximum");
  return low + (low.empty() || high.empty() ? "" : ", ") + high;
}

void print_parameter(const std::string& name, const json::object& schema, bool required) {
  const std::string range = range_of(schema), unset = text_of(schema, "default");
  std::cout << "      " << name << ": " << type_of(schema);
  if (!range.empty()) std::cout << ", " << range;
  if (schema.contains("default")) std::cout << ", default " << (unset.empty() ? "\"\"" : unset);
  if (required) std::cout << ", required";
  std::cout << "\n          " << text_of(schema, "description") << "\n";
}

void print_component(const Package& package, const Component& component) {
  std::cout << "\n  " << kind_of(component.interface_id) << " " << package.name << "/" << component.name << "  ("
            << component.interface_id << ")\n      " << component.summary << "\n";
  const auto* properties = component.schema.if_contains("properties");
  if (!properties || !properties->is_object()) return;
  const auto* required = component.schema.if_contains("required");
  for (const auto& [name, schema] : properties->get_object()) {
    const bool must =
        required && required->is_array() && std::ranges::count(required->get_array(), json::value(name)) > 0;
    if (schema.is_object()) print_parameter(std::string(name), schema.get_object(), must);
  }
}

std::string checksum_state(const Package& package) {
  try {
    return sha256_file(package.library) == package.sha256 ? "matches the library" : "DOES NOT MATCH the library";
  } catch (const Error& error) {
    return error.message();
  }
}

void print_problems(const Found& found) {
  for (const std::string& problem : found.problems) std::cerr << "warning: " << problem << "\n";
}

}  // namespace

int plugin_list_command(const Options& options) {
  const Found found = find_packages(plugin_search_path(options.plugin_path));
  print_problems(found);
  if (options.json) {
    json::array list;
    for (const Package& package : found.packages) list.push_back(describe(package));
    std::cout << pretty_json(list) << "\n";
    return 0;
  }
  if (found.packages.empty()) {
    std::cout << "No plugins in:\n";
    for (const auto& folder : found.searched) std::cout << "  " << folder.string() << "\n";
    return 0;
  }
  std::cout << std::left << std::setw(14) << "PLUGIN" << std::setw(12) << "VERSION" << std::setw(6) << "ABI"
            << "COMPONENTS\n";
  for (const Package& package : found.packages) {
    std::string components;
    for (const Component& component : package.components) {
      components += (components.empty() ? "" : ", ") + kind_of(component.interface_id) + " " + component.name;
    }
    std::cout << std::left << std::setw(14) << package.name << std::setw(12) << package.version << std::setw(6)
              << abi_of(package) << components << "\n";
  }
  return 0;
}

int plugin_inspect_command(const Options& options) {
  const size_t at = options.plugin.find('@');
  const std::string path = options.plugin.substr(0, at),
                    range = at == std::string::npos ? "*" : options.plugin.substr(at + 1);
  const size_t slash = path.find('/');
  const std::string name = path.substr(0, slash), wanted = slash == std::string::npos ? "" : path.substr(slash + 1);
  const Found found = find_packages(plugin_search_path(options.plugin_path));
  print_problems(found);
  const Package& package = resolve(found, name, range);
  std::vector<std::string> names;
  for (const Component& component : package.components) names.push_back(component.name);
  if (slash != std::string::npos && std::ranges::find(names, wanted) == names.end()) {
    throw Error(package.name + " " + package.version + " has no component '" + wanted + "'" +
                did_you_mean(wanted, names));
  }
  if (options.json) {
    std::cout << pretty_json(describe(package)) << "\n";
    return 0;
  }
  std::cout << package.name << " " << package.version << "\n  " << package.description << "\n  licence   "
            << package.licence << "\n  ABI       " << abi_of(package) << " (" << package.build << ")\n  folder    "
            << package.folder.string() << "\n  sha256    " << package.sha256 << " (" << checksum_state(package)
            << ")\n";
  for (const Component& component : package.components) {
    if (slash == std::string::npos || component.name == wanted) print_component(package, component);
  }
  return 0;
}

}  // namespace vhost
