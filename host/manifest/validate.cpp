#include <algorithm>
#include <cmath>
#include <regex>

#include "manifest/manifest.h"

namespace vhost {
namespace {

constexpr size_t kLongestMatched = 1000;  // std::regex recurses per character

std::vector<std::string> strings_of(const json::value* list) {
  std::vector<std::string> out;
  if (list && list->is_string()) out.emplace_back(list->get_string());
  if (list && list->is_array())
    for (const json::value& item : list->get_array())
      if (item.is_string()) out.emplace_back(item.get_string());
  return out;
}

const json::object* object_in(const json::object& schema, std::string_view key) {
  const json::value* value = schema.if_contains(key);
  return value ? value->if_object() : nullptr;
}

std::string join(const std::vector<std::string>& parts, const std::string& between, const std::string& last) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : i + 1 == parts.size() ? last : between) + parts[i];
  return text;
}

std::string with_article(const std::string& type) {
  if (type == "integer") return "an integer";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  if (type == "string") return "a string";
  if (type == "array") return "a list";
  if (type == "object") return "an object";
  return type;
}

bool has_type(const json::value& value, const std::string& type) {
  if (type == "integer") return value.is_int64();
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_bool();
  if (type == "string") return value.is_string();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  return type == "null" && value.is_null();
}

class Validator {
 public:
  explicit Validator(const Manifest& manifest) : manifest_(manifest) {}

  void value(const std::string& pointer, json::value& value, const json::object& schema,
             const std::vector<std::string>& ignore = {}) const {
    type(pointer, value, schema);
    one_of(pointer, value, schema);
    if (value.is_number()) range(pointer, value, schema);
    if (value.is_string()) text(pointer, value.get_string(), schema);
    if (json::array* list = value.if_array()) items(pointer, *list, schema);
    if (json::object* object = value.if_object()) members(pointer, *object, schema, ignore);
  }

  void members(const std::string& pointer, json::object& object, const json::object& schema,
               const std::vector<std::string>& ignore) const {
    static const json::object none;
    const json::object* found = object_in(schema, "properties");
    const json::object& properties = found ? *found : none;
    unknown_keys(pointer, object, schema, properties, ignore);
    const json::object* others = object_in(schema, "additionalProperties");
    for (auto& member : object) {
      if (std::find(ignore.begin(), ignore.end(), member.key()) != ignore.end()) continue;
      const json::object* own = object_in(properties, member.key());
      if (own || others) value(pointer + "/" + escape_pointer(member.key()), member.value(), own ? *own : *others);
    }
    required(pointer, object, schema, properties);
    fill(pointer, object, properties);
  }

 private:
  [[noreturn]] void fail(const std::string& pointer, const std::string& message) const {
    throw manifest_.error(pointer, message);
  }

  void type(const std::string& pointer, json::value& value, const json::object& schema) const {
    const std::vector<std::string> types = strings_of(schema.if_contains("type"));
    const bool wants_integer = std::find(types.begin(), types.end(), "integer") != types.end();
    if (const double* real = value.if_double();
        real && wants_integer && *real == std::trunc(*real) && std::abs(*real) < 9e15)
      value = static_cast<int64_t>(*real);  // 1e3 and 8.0 are integers to JSON Schema
    if (types.empty()) return;
    for (const std::string& type : types)
      if (has_type(value, type)) return;
    std::vector<std::string> names;
    for (const std::string& type : types) names.push_back(with_article(type));
    const bool quoted = value.is_number() && types == std::vector<std::string>{"string"};
    fail(pointer, "must be " + join(names, ", ", " or ") + ", not " + show_json(value) +
                      (quoted ? " (write \"" + show_json(value) + "\")" : ""));
  }

  void one_of(const std::string& pointer, const json::value& value, const json::object& schema) const {
    const json::value* choices = schema.if_contains("enum");
    if (!choices || !choices->is_array()) return;
    std::vector<std::string> shown;
    for (const json::value& choice : choices->get_array()) {
      if (choice == value) return;
      shown.push_back(show_json(choice));
    }
    const std::string near =
        value.is_string() ? did_you_mean(std::string(value.get_string()), strings_of(choices)) : std::string();
    fail(pointer, std::string("must be ") + (shown.size() > 1 ? "one of " : "") + join(shown, ", ", ", ") + "; not " +
                      show_json(value) + near);
  }

  void range(const std::string& pointer, const json::value& value, const json::object& schema) const {
    const double number = value.to_number<double>();
    const auto check = [&](const char* key, const char* words, auto holds) {
      const json::value* limit = schema.if_contains(key);
      if (limit && limit->is_number() && !holds(number, limit->to_number<double>()))
        fail(pointer, std::string("must be ") + words + " " + show_json(*limit) + ", not " + show_json(value));
    };
    check("minimum", "at least", [](double a, double b) { return a >= b; });
    check("exclusiveMinimum", "more than", [](double a, double b) { return a > b; });
    check("maximum", "at most", [](double a, double b) { return a <= b; });
    check("exclusiveMaximum", "less than", [](double a, double b) { return a < b; });
  }

  // -1 = no such limit.
  static int64_t limit_of(const json::object& schema, const char* key) {
    const json::value* limit = schema.if_contains(key);
    return limit && limit->is_int64() ? limit->get_int64() : -1;
  }

  void length(const std::string& pointer, size_t size, int64_t least, int64_t most, const std::string& unit) const {
    const auto n = static_cast<int64_t>(size);
    if ((least < 0 || n >= least) && (most < 0 || n <= most)) return;
    const bool too_short = least >= 0 && n < least;
    const int64_t limit = too_short ? least : most;
    const char* words = least == most ? "exactly " : too_short ? "at least " : "at most ";
    fail(pointer, std::string("must have ") + words + std::to_string(limit) + " " + unit + (limit == 1 ? "" : "s") +
                      ", not " + std::to_string(n));
  }

  void text(const std::string& pointer, std::string_view text, const json::object& schema) const {
    if (text.empty() && limit_of(schema, "minLength") == 1) fail(pointer, "must not be empty");
    length(pointer, text.size(), limit_of(schema, "minLength"), limit_of(schema, "maxLength"), "byte");
    const json::value* pattern = schema.if_contains("pattern");
    if (!pattern || !pattern->is_string()) return;
    length(pointer, text.size(), -1, kLongestMatched, "byte");
    const std::string expression(pattern->get_string());
    if (!std::regex_search(text.begin(), text.end(), std::regex(expression)))
      fail(pointer, "must " +
                        (schema.contains("title") ? "be " + strings_of(schema.if_contains("title")).at(0)
                                                  : "match " + expression) +
                        ", not " + quote(text));
  }

  void items(const std::string& pointer, json::array& list, const json::object& schema) const {
    length(pointer, list.size(), limit_of(schema, "minItems"), limit_of(schema, "maxItems"), "item");
    const json::object* item = object_in(schema, "items");
    for (size_t i = 0; item && i < list.size(); ++i) value(pointer + "/" + std::to_string(i), list[i], *item);
  }

  void unknown_keys(const std::string& pointer, const json::object& object, const json::object& schema,
                    const json::object& properties, const std::vector<std::string>& ignore) const {
    const json::value* others = schema.if_contains("additionalProperties");
    if (!others || !others->is_bool() || others->get_bool()) return;
    std::vector<std::string> known = ignore;
    for (const auto& property : properties) known.emplace_back(property.key());
    for (const auto& member : object) {
      const std::string key(member.key());
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      const std::string near = did_you_mean(key, known);
      const std::string all = known.empty() ? "; there are none here" : "; known: " + join(known, ", ", ", ");
      fail(pointer + "/" + escape_pointer(key), "unknown key " + quote(key) + (near.empty() ? all : near));
    }
  }

  void required(const std::string& pointer, const json::object& object, const json::object& schema,
                const json::object& properties) const {
    for (const std::string& key : strings_of(schema.if_contains("required"))) {
      if (object.contains(key)) continue;
      const json::object* property = object_in(properties, key);
      const std::vector<std::string> text =
          property ? strings_of(property->if_contains("description")) : strings_of(nullptr);
      fail(pointer, "missing key " + quote(key) + (text.empty() ? "" : ": " + text[0]));
    }
  }

  void fill(const std::string& pointer, json::object& object, const json::object& properties) const {
    for (const auto& property : properties) {
      const json::object* own = property.value().if_object();
      const json::value* standard = own ? own->if_contains("default") : nullptr;
      if (!standard || object.contains(property.key())) continue;
      value(pointer + "/" + escape_pointer(property.key()), object[property.key()] = *standard, *own);
    }
  }

  const Manifest& manifest_;
};

}  // namespace

void validate(const Manifest& manifest, const std::string& pointer, json::value& value, const json::object& schema,
              const std::vector<std::string>& ignore) {
  Validator(manifest).value(pointer, value, schema, ignore);
}

void validate(const Manifest& manifest, const std::string& pointer, json::object& value, const json::object& schema,
              const std::vector<std::string>& ignore) {
  Validator(manifest).members(pointer, value, schema, ignore);
}

}  // namespace vhost
