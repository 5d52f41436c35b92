#include <algorithm>
#include <filesystem>
#include <regex>

#include "base/files.h"
#include "check/checks.h"
#include "elf_exports.hpp"
#include "keymaps/keymap.h"
#include "plugins/elf_needed.h"

namespace vhost::check {

namespace fs = std::filesystem;

namespace {

// plugin.json's "check": what the author says of components for this kit.
void check_entries(const Package& package) {
  const JsonDocument document = read_json((package.folder / "plugin.json").string());
  const json::value* entries = document.root.as_object().if_contains("check");
  if (!entries) return;
  const auto need_object = [](const std::string& pointer, const json::value& value) -> const json::object& {
    if (!value.is_object()) throw Failed("plugin.json: " + pointer + " must be an object, not " + show_json(value));
    return value.get_object();
  };
  std::vector<std::string> names;
  for (const Component& component : package.components) names.push_back(component.name);
  for (const auto& [name, entry] : need_object("/check", *entries)) {
    const std::string pointer = "/check/" + escape_pointer(name);
    if (std::find(names.begin(), names.end(), std::string(name)) == names.end())
      throw Failed("plugin.json: " + pointer + ": there is no such component" + did_you_mean(std::string(name), names));
    for (const auto& [key, value] : need_object(pointer, entry)) {
      if (key != "parameters" && key != "input")
        throw Failed("plugin.json: " + pointer + ": unknown key " + quote(key) + "; known: parameters, input");
      need_object(pointer + "/" + std::string(key), value);
    }
  }
}

void metadata(const Case& subject) {
  const Package package = read_package(subject.package->folder);  // throws with the place in plugin.json
  if (package.description.empty()) throw Failed("plugin.json: \"description\" is empty; say in a line what it offers");
  for (const Component& component : package.components) {
    if (component.summary.empty())
      throw Failed("plugin.json: component " + component.name + " has no summary; give it one line");
    if (!kind_of(component.interface_id))
      throw Failed("plugin.json: component " + component.name + " is of interface " + component.interface_id +
                   ", which this host doesn't know");
  }
  check_entries(package);
}

void checksum(const Case& subject) {
  const std::string actual = sha256_file(subject.package->library);
  if (actual != subject.package->sha256)
    throw Failed("the library's sha256 is " + actual + ", plugin.json says " + subject.package->sha256 +
                 ": build the package again");
}

void exports(const Case& subject) {
  std::string surplus;
  bool entry = false;
  for (const Export& e : elf_exports(read_file(subject.package->library))) {
    if (e.unique) throw Failed("exports the UNIQUE symbol " + e.name + ": compile with -fno-gnu-unique");
    if (e.name == "vh_plugin_entry_v1")
      entry = true;
    else
      surplus += (surplus.empty() ? "" : ", ") + e.name;
  }
  if (!entry) throw Failed("doesn't export vh_plugin_entry_v1: write VH_PLUGIN(...) or VH_C_PLUGIN(...) in one file");
  if (!surplus.empty())
    throw Failed("exports more than vh_plugin_entry_v1: " + surplus + "; build it with vhost_add_plugin");
}

// A licence's text in the package itself: whoever gets the package alone must get it too.
void licence(const Case& subject) {
  static const std::regex name("(LICENSE|LICENCE|COPYING)([.-].*)?", std::regex::icase);
  for (const auto& entry : fs::directory_iterator(subject.package->folder))
    if (entry.is_regular_file() && std::regex_match(entry.path().filename().string(), name) && entry.file_size() > 0)
      return;
  throw Failed(
      "the package has no licence file: put LICENSE beside plugin.in.json (its text, or a line such as "
      "\"SPDX-License-Identifier: " +
      subject.package->licence + "\" and where the text is)");
}

// The loader takes any library of the same soname for this one, another plugin's too.
void libraries(const Case& subject) {
  static const std::regex versioned(".*\\.so\\.[0-9].*");
  std::string wrong;
  for (const std::string& name :
       parse_elf_dynamic(read_file(subject.package->library), subject.package->library.string()).needed)
    if (!std::regex_match(name, versioned)) wrong += (wrong.empty() ? "" : ", ") + name;
  if (!wrong.empty())
    throw Failed("needs libraries without a version in their name: " + wrong +
                 "; link them statically, or give them a version (two plugins' libraries of one name would mix)");
}

// Maps of weights ship with their backbone: that is where init.from looks for them.
void keymaps(const Case& subject) {
  const Package& package = *subject.package;
  std::vector<std::string> families;
  for (const KeyMap& map : keymaps_of({&package})) {
    const std::string file = "keymaps/" + map.file.filename().string();
    if (map.file.stem() != map.family)
      throw Failed(file + ": its family is " + map.family + "; give the file that name, " + map.family + ".json");
    const size_t slash = map.backbone.find('/');
    if (map.backbone.substr(0, slash) != package.name || !package.find("vh.backbone/1", map.backbone.substr(slash + 1)))
      throw Failed(file + ": its backbone, " + map.backbone +
                   ", is none of this plugin's; a map ships with its backbone");
  }
}

}  // namespace

std::vector<Check> package_checks() {
  return {{kMetadata, kPackage, metadata},
          {kChecksum, kPackage, checksum},
          {"package.exports", kPackage, exports},
          {"package.licence", kPackage, licence},
          {"package.libraries", kPackage, libraries},
          {"package.keymaps", kPackage, keymaps}};
}

}  // namespace vhost::check
