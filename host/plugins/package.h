// Installed plugins as their plugin.json tells; nothing here opens a library.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace vhost {

struct Component {
  std::string interface_id;  // "vh.loss/1"
  std::string name;          // "mse"
  std::string summary;
  json::object schema;                  // JSON Schema of its parameters
  std::vector<std::string> extensions;  // of a dataset's files: "mp4"; none = it doesn't say
};

struct Package {
  std::string name, version, licence, description;
  std::filesystem::path folder;   // <name>/<version>/
  std::filesystem::path library;  // absolute
  std::string sha256;             // of the library, as plugin.json says
  std::string build;              // "c11", "c++20"
  uint32_t abi_major = 0, abi_minor = 0, target_minor = 0;
  std::vector<Component> components;

  const Component* find(const std::string& interface_id, const std::string& component) const;  // nullptr = none
};

// Reads and checks <folder>/plugin.json, opens nothing else. Throws Error naming the file, line and key. Keys that this
// host doesn't know are ignored.
Package read_package(const std::filesystem::path& folder);
Package parse_package(std::string_view text, const std::filesystem::path& folder);  // the text of its plugin.json

// --plugin-path (repeatable), VHOST_PLUGIN_PATH (colon-separated), the plugins beside the program
// (<exe>/../plugins, <exe>/../lib/vhost/plugins), the user's and the system's data folders; never the current folder.
std::vector<std::filesystem::path> plugin_search_path(const std::vector<std::string>& command_line);
// Of these the folders that are the user's to change: not those beside the program, nor the system's.
std::vector<std::filesystem::path> users_plugin_path(const std::vector<std::string>& command_line);

struct Found {
  std::vector<Package> packages;
  std::vector<std::string> problems;  // one line each: packages that can't be read
  std::vector<std::filesystem::path> searched;
};
// Layout <path>/<name>/<version>/plugin.json. Folders that don't exist are no
// problem; name and version must be the folders'.
Found find_packages(const std::vector<std::filesystem::path>& search_path);

// Semver 2.0 precedence: <0, 0, >0. Build metadata doesn't count. Throws Error for what is no version.
int compare_versions(const std::string& a, const std::string& b);

// Ranges: "^1.0", "~1.2", ">=1.1 <2", "1.2.3", "1.x", "1.2 - 1.4", "*", alternatives with "||". A pre-release matches
// only where the range names a pre-release of the same MAJOR.MINOR.PATCH. Throws Error for what is no range.
bool version_matches(const std::string& version, const std::string& range);
bool version_in_bounds(const std::string& version, const std::string& range);  // without the rule on pre-releases

// The highest version that matches; of equal ones the first on the search path. Error lists the versions there are and
// where they were looked for. The result lies in `found`.
const Package& resolve(const Found& found, const std::string& name, const std::string& range);

}  // namespace vhost
