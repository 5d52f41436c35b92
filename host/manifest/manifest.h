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
  json::object root;                       // merged, without "base"; defaults come with validate_host and validate
  std::map<std::string, Location> places;  // JSON pointer -> the file (or --set) that set the value
  std::filesystem::path path;              // the file given on the command line

  // Place of the value at the pointer, or of its nearest ancestor that has one.
  Location where(std::string_view pointer) const;
  // An error at a pointer: "exp.json:3:5: /data/batch: message".
  Error error(const std::string& pointer, const std::string& message) const {
    return Error(where(pointer), pointer, message);
  }

  // Value at a pointer ("/data/batch"; not "", which is root). at and the typed getters throw Error if it is missing or
  // of another type (it can't be, after validation with defaults); find returns nullptr.
  const json::value& at(std::string_view pointer) const;
  const json::value* find(std::string_view pointer) const;
  json::value* find(std::string_view pointer);
  int64_t integer(std::string_view pointer) const;
  double number(std::string_view pointer) const;
  bool boolean(std::string_view pointer) const;
  std::string string(std::string_view pointer) const;
  bool has(std::string_view pointer) const;  // present and not null
};

// Reads the file and its bases (relative to the file that names them; cycles are an error), deep-merges (null deletes;
// lists replace; an object with another "use" replaces), then applies each "a.b.0.c=VALUE" or "/a/b/0/c=VALUE" (VALUE
// is JSON, or else a string; it replaces; null deletes). Does not validate.
Manifest read_manifest(const std::filesystem::path&, const std::vector<std::string>& sets);
Manifest parse_manifest(std::string_view text, const std::filesystem::path& name, const std::vector<std::string>& sets);

// Validates one value against a schema (the subset of JSON Schema in docs/manifest.md), fills defaults in, and throws
// Error at the first wrong value: unknown keys (did you mean), type, range, enum, pattern, list length, required.
// `pointer` is the value's place in the manifest, for messages. `ignore`:
// keys that belong to the host, not to the schema.
void validate(const Manifest& manifest, const std::string& pointer, json::value& value, const json::object& schema,
              const std::vector<std::string>& ignore = {});
void validate(const Manifest& manifest, const std::string& pointer, json::object& value, const json::object& schema,
              const std::vector<std::string>& ignore = {});

// Throws Error if the schema is not of the subset (unknown keyword, wrong type of a keyword, a default that it
// refuses). Made for plugin.json: `file` names it, `pointer` is the schema's place in it.
void check_schema(const json::object& schema, const std::string& file, const std::string& pointer);

// The host's own schema; every key has a description and where it makes sense a default and a range.
const json::object& host_schema();

// Validates the host's keys, fills their defaults in, and checks what needs no plugin: what each task needs, heads that
// losses name, plugins that parts use, warm-up against length.
void validate_host(Manifest& manifest);

// Calls fn(pointer, part object) for every part, in this order: data.train, data.eval, data.predict, model.backbone,
// model.heads.*, mask, target, losses.*. A part is an object with "use" at one of these places; parameters may nest as
// they like.
void each_part(Manifest& manifest, const std::function<void(const std::string& pointer, json::object& part)>& fn);

// Of a part's pointer: the interface its component must serve ("/data/train" -> "vh.dataset/1"), and the keys in it
// that are the host's ("use", "in", of losses also "head", "weight", of mask
// "mode"), to be passed to validate as `ignore`.
std::string part_interface(std::string_view pointer);
const std::vector<std::string>& part_host_keys(std::string_view pointer);

// A part's "use" taken apart: the name under /plugins (a plugin's own, or an alias) and the component.
struct Use {
  std::string plugin, component;
};
Use read_use(const Manifest& manifest, const std::string& part);  // throws Error at its "use"

// docs/manifest.md's table of every key, rendered from host_schema().
std::string manifest_reference();

}  // namespace vhost
