// JSON with comments and trailing commas, with the place of every value, and duplicate keys refused. Boost.JSON keeps no
// positions and lets a duplicate key win silently, hence the tokenizer of our own that feeds it.
#pragma once
#include <boost/json.hpp>
#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace vhost {

namespace json = boost::json;

struct JsonDocument {
  json::value root;
  std::map<std::string, Location> places;  // JSON pointer -> where its value begins (for object members: the key)
};

// Throws Error with file:line:column. `file` is only a name.
JsonDocument parse_json(std::string_view text, const std::string& file);
JsonDocument read_json(const std::string& path);

// Canonical text: keys sorted, no spaces, shortest round-trip numbers. The config hash is its sha256.
std::string canonical_json(const json::value&);
std::string pretty_json(const json::value&);  // two spaces, keys in file order

// RFC 6901; nullptr = no such value.
const json::value* find_pointer(const json::value& root, std::string_view pointer);
std::string escape_pointer(std::string_view key);

}  // namespace vhost
