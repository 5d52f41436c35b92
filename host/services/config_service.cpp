#include <cmath>
#include <limits>

#include "services/services.h"
#include "services/tables.h"

namespace vhost {
namespace {

const json::value& value_of(const vh_node* node) {
  return *reinterpret_cast<const json::value*>(node);
}

const json::value* find(const vh_node* node, const char* pointer) {
  if (!node || !pointer) return nullptr;
  try {
    return find_pointer(value_of(node), pointer);
  } catch (...) {
    return nullptr;
  }
}

int32_t type_of(const json::value* value) {
  if (!value) return VH_JSON_MISSING;
  switch (value->kind()) {
    case json::kind::null:
      return VH_JSON_NULL;
    case json::kind::bool_:
      return VH_JSON_BOOL;
    case json::kind::int64:
      return VH_JSON_INT;
    case json::kind::uint64:
      return value->get_uint64() <= uint64_t{std::numeric_limits<int64_t>::max()} ? VH_JSON_INT : VH_JSON_DOUBLE;
    case json::kind::double_:
      return VH_JSON_DOUBLE;
    case json::kind::string:
      return VH_JSON_STRING;
    case json::kind::array:
      return VH_JSON_ARRAY;
    default:
      return VH_JSON_OBJECT;
  }
}

std::string short_text(const json::value& value) {
  std::string text = json::serialize(value);
  if (text.size() > 40) text = text.substr(0, 37) + "...";
  return text;
}

int32_t wrong(const json::value* value, const char* pointer, const std::string& wanted, vh_error* err) {
  const std::string message =
      value ? "must be " + wanted + ", not " + short_text(*value) : "is missing: " + wanted + " is wanted";
  return fail(err, VH_ERR_PARAM, message, "", pointer ? pointer : "");
}

int32_t config_type(const vh_node* node, const char* pointer) {
  return type_of(find(node, pointer));
}

const vh_node* config_get(const vh_node* node, const char* pointer) {
  const json::value* value = find(node, pointer);
  return value ? node_of(*value) : nullptr;
}

int32_t config_get_int(const vh_node* node, const char* pointer, int64_t* out, vh_error* err) {
  const json::value* value = find(node, pointer);
  const int32_t type = type_of(value);
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (type == VH_JSON_INT) {
    *out = value->is_int64() ? value->get_int64() : static_cast<int64_t>(value->get_uint64());
    return VH_OK;
  }
  if (type == VH_JSON_DOUBLE && value->is_double()) {
    const double number = value->get_double();
    if (std::abs(number) <= kExact && number == std::floor(number)) {
      *out = static_cast<int64_t>(number);
      return VH_OK;
    }
  }
  return wrong(value, pointer, "an integer", err);
}

int32_t config_get_double(const vh_node* node, const char* pointer, double* out, vh_error* err) {
  const json::value* value = find(node, pointer);
  if (!value || !value->is_number()) return wrong(value, pointer, "a number", err);
  *out = value->to_number<double>();
  return VH_OK;
}

int32_t config_get_bool(const vh_node* node, const char* pointer, int32_t* out, vh_error* err) {
  const json::value* value = find(node, pointer);
  if (!value || !value->is_bool()) return wrong(value, pointer, "true or false", err);
  *out = value->get_bool() ? 1 : 0;
  return VH_OK;
}

int32_t config_get_string(const vh_node* node, const char* pointer, const char** out, vh_error* err) {
  const json::value* value = find(node, pointer);
  if (!value || !value->is_string()) return wrong(value, pointer, "a string", err);
  *out = value->get_string().c_str();
  return VH_OK;
}

uint32_t config_size(const vh_node* node) {
  if (!node) return 0;
  const json::value& value = value_of(node);
  if (value.is_array()) return static_cast<uint32_t>(value.get_array().size());
  if (value.is_object()) return static_cast<uint32_t>(value.get_object().size());
  return 0;
}

const vh_node* config_item(const vh_node* node, uint32_t i) {
  if (i >= config_size(node)) return nullptr;
  const json::value& value = value_of(node);
  if (value.is_array()) return node_of(value.get_array()[i]);
  return node_of((value.get_object().begin() + i)->value());
}

const char* config_key(const vh_node* node, uint32_t i) {
  if (i >= config_size(node) || !value_of(node).is_object()) return nullptr;
  return (value_of(node).get_object().begin() + i)->key_c_str();
}

}  // namespace

const vh_config_1 kConfigTable = {
    sizeof(vh_config_1), 0,           config_type, config_get, config_get_int, config_get_double, config_get_bool,
    config_get_string,   config_size, config_item, config_key};

}  // namespace vhost
