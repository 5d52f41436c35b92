#include <algorithm>
#include <regex>

#include "manifest/manifest.h"

namespace vhost {
namespace {

enum class Kind { kAny, kText, kNumber, kCount, kList, kNames, kTypes, kPattern, kSchema, kSchemas, kSchemaOrFlag };

struct Keyword {
  const char* name;
  Kind kind;
};
constexpr Keyword kKeywords[] = {{"type", Kind::kTypes},
                                 {"default", Kind::kAny},
                                 {"description", Kind::kText},
                                 {"title", Kind::kText},
                                 {"minimum", Kind::kNumber},
                                 {"maximum", Kind::kNumber},
                                 {"exclusiveMinimum", Kind::kNumber},
                                 {"exclusiveMaximum", Kind::kNumber},
                                 {"enum", Kind::kList},
                                 {"items", Kind::kSchema},
                                 {"minItems", Kind::kCount},
                                 {"maxItems", Kind::kCount},
                                 {"minLength", Kind::kCount},
                                 {"maxLength", Kind::kCount},
                                 {"pattern", Kind::kPattern},
                                 {"properties", Kind::kSchemas},
                                 {"required", Kind::kNames},
                                 {"additionalProperties", Kind::kSchemaOrFlag},
                                 {"part", Kind::kText}};

const std::vector<std::string>& type_names() {
  static const std::vector<std::string> names = {"integer", "number", "boolean", "string", "array", "object", "null"};
  return names;
}

class Checker {
 public:
  explicit Checker(const std::string& file) { as_manifest_.path = file; }

  void schema(const std::string& pointer, const json::object& schema) {
    for (const auto& [name, value] : schema) keyword(pointer, std::string(name), value, schema);
    const json::value* standard = schema.if_contains("default");
    if (!standard) return;
    json::value copy = *standard;
    try {
      validate(as_manifest_, pointer + "/default", copy, schema);
    } catch (const Error& error) {
      throw as_manifest_.error(error.json_pointer(), "the default " + error.message());
    }
  }

 private:
  void keyword(const std::string& pointer, const std::string& name, const json::value& value,
               const json::object& schema) {
    const std::string at = pointer + "/" + escape_pointer(name);
    const auto* known =
        std::find_if(std::begin(kKeywords), std::end(kKeywords), [&](const Keyword& k) { return name == k.name; });
    if (known == std::end(kKeywords)) {
      std::vector<std::string> names;
      for (const Keyword& keyword : kKeywords) names.emplace_back(keyword.name);
      throw as_manifest_.error(at, "unknown schema keyword " + quote(name) + did_you_mean(name, names));
    }
    switch (known->kind) {
      case Kind::kAny:
        break;
      case Kind::kText:
        expect(at, value.is_string(), "a string", value);
        break;
      case Kind::kNumber:
        expect(at, value.is_number(), "a number", value);
        break;
      case Kind::kCount:
        expect(at, value.is_int64() && value.get_int64() >= 0, "a count", value);
        break;
      case Kind::kList:
        expect(at, value.is_array() && !value.get_array().empty(), "a list with items", value);
        break;
      case Kind::kTypes:
        types(at, value);
        break;
      case Kind::kNames:
        names(at, value, schema);
        break;
      case Kind::kPattern:
        pattern(at, value);
        break;
      case Kind::kSchemas:
        schemas(at, value);
        break;
      case Kind::kSchema:
        inner(at, value);
        break;
      case Kind::kSchemaOrFlag:
        if (!value.is_bool()) inner(at, value);
    }
  }

  void expect(const std::string& at, bool holds, const char* what, const json::value& value) const {
    if (!holds) throw as_manifest_.error(at, std::string("must be ") + what + ", not " + show_json(value));
  }

  void types(const std::string& at, const json::value& value) const {
    const auto known = [&](const json::value& name) {
      return name.is_string() &&
             std::find(type_names().begin(), type_names().end(), name.get_string()) != type_names().end();
    };
    if (const json::array* list = value.if_array()) {
      for (const json::value& name : *list) expect(at, known(name), "a list of JSON types", name);
    } else {
      expect(at, known(value), "a JSON type", value);
    }
  }

  void names(const std::string& at, const json::value& value, const json::object& schema) const {
    expect(at, value.is_array(), "a list of keys", value);
    const json::value* properties = schema.if_contains("properties");
    for (const json::value& name : value.get_array()) {
      expect(at, name.is_string(), "a list of keys", name);
      const bool known = properties && properties->is_object() && properties->get_object().contains(name.get_string());
      expect(at, known, "a list of keys in \"properties\"", name);
    }
  }

  void pattern(const std::string& at, const json::value& value) const {
    expect(at, value.is_string(), "a regular expression", value);
    try {
      const std::regex compiles{std::string(value.get_string())};
    } catch (const std::regex_error& error) {
      throw as_manifest_.error(at, std::string("is no regular expression: ") + error.what());
    }
  }

  void inner(const std::string& at, const json::value& value) {
    expect(at, value.is_object(), "a schema (an object)", value);
    schema(at, value.get_object());
  }

  void schemas(const std::string& at, const json::value& value) {
    expect(at, value.is_object(), "an object of schemas", value);
    for (const auto& [name, property] : value.get_object()) inner(at + "/" + escape_pointer(name), property);
  }

  Manifest as_manifest_;
};

}  // namespace

void check_schema(const json::object& schema, const std::string& file, const std::string& pointer) {
  Checker(file).schema(pointer, schema);
}

}  // namespace vhost
