// A manifest as the host uses it: bases merged, --set applied, host keys validated, and the place of every value kept.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/json.h"

namespace vhost {

class Manifest {
 public:
  json::object root;                     // merged; host defaults NOT yet filled in: see fill_defaults
  std::map<std::string, Location> places;
  std::filesystem::path path;            // the file given by --manifest

  // Place of the value at the pointer, or of its nearest ancestor that has one.
  Location where(std::string_view pointer) const;
  // An error at a pointer: "exp.json:3:5: /data/batch: message".
  Error error(const std::string& pointer, const std::string& message) const { return Error(where(pointer), pointer, message); }

  // Value at a pointer; throws if missing (it can't be, after validation with defaults).
  const json::value& at(std::string_view pointer) const;
  const json::value* find(std::string_view pointer) const;
  int64_t integer(std::string_view pointer) const;
  double number(std::string_view pointer) const;
  bool boolean(std::string_view pointer) const;
  std::string string(std::string_view pointer) const;
  bool has(std::string_view pointer) const;  // present and not null
};

// Reads the file and its bases (relative to the file that names them; cycles are an error), deep-merges (null deletes; arrays
// replace), then applies each "a.b.0.c=VALUE" (VALUE is JSON, or else a string). Does not validate.
Manifest read_manifest(const std::filesystem::path&, const std::vector<std::string>& sets);

// Validates one value against a schema (the subset of JSON Schema in docs/manifest.md), fills defaults in, and throws Error
// at the first wrong value: unknown keys (did you mean), type, range, enum, pattern, array length, required.
// `pointer` is the value's place in the manifest, for messages. `ignore`: keys that belong to the host, not to the schema.
void validate(const Manifest& manifest, const std::string& pointer, json::value& value, const json::object& schema,
              const std::vector<std::string>& ignore = {});

// The host's own schema; every key has a description and where it makes sense a default and a range.
const json::object& host_schema();

// Validates the host's keys and fills their defaults in (parts: only "use", "in", "head", "weight" are the host's).
void validate_host(Manifest& manifest);

// Calls fn(pointer, part object) for every object of the manifest that has a "use".
void each_part(Manifest& manifest, const std::function<void(const std::string& pointer, json::object& part)>& fn);

}  // namespace vhost
