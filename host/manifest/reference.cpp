#include "manifest/manifest.h"

namespace vhost {
namespace {

std::string text_in(const json::object& schema, std::string_view key) {
  const json::value* value = schema.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

const json::object* object_in(const json::object& schema, std::string_view key) {
  const json::value* value = schema.if_contains(key);
  return value ? value->if_object() : nullptr;
}

std::string type_of(const json::object& schema) {
  const json::value* type = schema.if_contains("type");
  if (!text_in(schema, "part").empty()) return "part `" + text_in(schema, "part") + "`";
  if (type && type->is_string()) return type->get_string() == "array" ? "list" : std::string(type->get_string());
  std::string text;
  if (type && type->is_array())
    for (const json::value& name : type->get_array()) {
      const std::string word(name.as_string());
      text += (text.empty() ? "" : " or ") + (word == "array" ? std::string("list") : word);
    }
  return text;
}

std::string range_of(const json::object& schema) {
  std::string text;
  const auto add = [&](const char* key, const char* sign) {
    if (const json::value* limit = schema.if_contains(key))
      text += (text.empty() ? "" : ", ") + std::string(sign) + " " + show_json(*limit);
  };
  add("minimum", "≥");
  add("exclusiveMinimum", ">");
  add("maximum", "≤");
  add("exclusiveMaximum", "<");
  if (const json::value* choices = schema.if_contains("enum"))
    for (const json::value& choice : choices->as_array())
      text += (text.empty() ? "`" : ", `") + canonical_json(choice) + "`";
  const json::value *least = schema.if_contains("minItems"), *most = schema.if_contains("maxItems");
  if (least && most && *least == *most) text += show_json(*least) + " items";
  if (least && !most) text += show_json(*least) + " or more items";
  const json::object* items = object_in(schema, "items");
  if (const std::string each = items ? range_of(*items) : std::string(); !each.empty()) text += ", each " + each;
  return text;
}

std::string default_of(const json::object& schema, bool required) {
  if (required) return "required";
  const json::value* value = schema.if_contains("default");
  return value ? "`" + canonical_json(*value) + "`" : "";
}

void rows(std::string& out, const std::string& prefix, const json::object& schema);

void row(std::string& out, const std::string& path, const json::object& schema, bool required) {
  out += "| `" + path + "` | " + type_of(schema) + " | " + default_of(schema, required) + " | " + range_of(schema) +
         " | " + text_in(schema, "description") + " |\n";
  if (!text_in(schema, "part").empty()) return;
  rows(out, path + ".", schema);
  const json::object* others = object_in(schema, "additionalProperties");
  if (others) row(out, path + ".NAME", *others, /*required=*/false);
  const json::object* items = object_in(schema, "items");
  if (items && object_in(*items, "properties")) row(out, path + ".N", *items, /*required=*/false);
}

void rows(std::string& out, const std::string& prefix, const json::object& schema) {
  const json::object* properties = object_in(schema, "properties");
  const json::value* required = schema.if_contains("required");
  if (!properties) return;
  for (const auto& property : *properties) {
    bool needed = false;
    if (required)
      for (const json::value& name : required->as_array()) needed |= name.as_string() == property.key();
    row(out, prefix + std::string(property.key()), property.value().as_object(), needed);
  }
}

constexpr const char* kHead = "| key | type | default | range | meaning |\n|---|---|---|---|---|\n";

}  // namespace

std::string manifest_reference() {
  std::string out = kHead;
  rows(out, "", host_schema());
  out += "\nKeys of a part that are the host's (all others are parameters of the component):\n\n";
  out += kHead;
  json::object part = host_schema().at("properties").at("losses").at("items").as_object();
  const json::value& properties = host_schema().at("properties");
  for (const json::value* other : {&properties.at("mask"), &properties.at("data").at("properties").at("train")})
    for (const auto& property : other->at("properties").as_object()) part.at("properties").as_object().insert(property);
  rows(out, "", part);
  return out;
}

}  // namespace vhost
