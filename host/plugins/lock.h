// The lock: which version, with which checksums, each name of a manifest's /plugins stands for.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/package.h"

namespace vhost {

struct LockedPlugin {
  std::string plugin, range;  // what the name stood for: "toy", "^1.0"
  std::string version;
  std::string sha256;   // of the library
  std::string schemas;  // schemas_sha256 of the package
  bool operator==(const LockedPlugin&) const = default;
};
using Lock = std::map<std::string, LockedPlugin>;  // by the name in the manifest: a plugin's own, or an alias

// sha256 of the canonical JSON of interface ids, component names and the schemas of their parameters. Summaries don't
// count.
std::string schemas_sha256(const Package& package);

LockedPlugin locked(const Package& package, const std::string& range);
// The package that the entry locks, wherever on the search path it lies; nullptr = none, and `problem` says why: "toy
// 1.2.0 isn't installed: there are 1.3.0", "toy 1.2.0: its library's sha256 is 12ab..., the lock says 34cd...".
const Package* find_locked(const Found& found, const LockedPlugin& entry, std::string& problem);

// Throw Error naming file, line and key, and the fix.
Lock read_lock(const std::filesystem::path& file);
Lock parse_lock(std::string_view text, const std::string& file);
Lock parse_lock(const JsonDocument& document, const std::string& pointer);  // a lock within another file
json::object lock_json(const Lock& lock);

// One line per name that differs: "toy 1.2.0 -> 1.3.0", "toy_old (toy 0.9.1) is new".
std::vector<std::string> lock_changes(const Lock& before, const Lock& now);

}  // namespace vhost
