// JSON with comments and trailing commas, with the place of every value, and duplicate keys refused. Boost.JSON keeps
// no positions and lets a duplicate key win silently, hence the tokenizer of our own that feeds it.
#pragma once
#include <boost/json.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace vhost {

namespace json = boost::json;

struct JsonDocument {
  json::value root;
  std::map<std::string, Location> places;  // JSON pointer -> where its value begins (for object members: the key)
};

inline constexpr int kJsonDepth = 100;  // objects and lists may nest this deep

// Throws Error with file:line:column, what was found and what was expected. `file` is only a name. Takes // and /* */
// comments, trailing commas and a byte-order mark; refuses duplicate keys, invalid UTF-8 and "\u0000". Whole numbers
// become int64 where they fit, else uint64, else double.
// Without `item_places` the items of lists get no places: memory for long lists of numbers is then a few times the
// text.
JsonDocument parse_json(std::string_view text, const std::string& file, bool item_places = true);
JsonDocument read_json(const std::string& path);

// Canonical text: keys sorted, no spaces, shortest round-trip numbers. The config hash is its sha256.
std::string canonical_json(const json::value&);
std::string pretty_json(const json::value&);  // two spaces, keys in file order; ends with a newline

// A value as a message shows it: short, one line, control characters escaped; "an object", "a list".
std::string show_json(const json::value&);
std::string quote(std::string_view text);  // the same for a text: "..." cut at 60 characters

// Length of the well-formed UTF-8 sequence at `at`, or 0 (RFC 3629: no overlong forms, no surrogates, at most
// U+10FFFF).
size_t utf8_length(std::string_view text, size_t at);
std::string valid_utf8(std::string_view text);  // each byte that is none becomes U+FFFD: names of files for JSON

// RFC 6901; nullptr = no such value.
const json::value* find_pointer(const json::value& root, std::string_view pointer);
json::value* find_pointer(json::value& root, std::string_view pointer);
std::vector<std::string> split_pointer(std::string_view pointer);  // unescaped
std::string escape_pointer(std::string_view key);

}  // namespace vhost
