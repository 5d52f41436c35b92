// As much of a host as a dataset's C table needs: parameters, and sinks for what it says.
#pragma once
#include <vhost/vhost.h>

#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

struct vh_node {
  std::map<std::string, std::variant<int64_t, std::string>> values;
};

namespace dataset_host {

inline const auto* find(const vh_node* node, const char* pointer) {
  auto at = node->values.find(pointer + (*pointer == '/'));
  return at == node->values.end() ? nullptr : &at->second;
}
inline int32_t type_of(const vh_node* node, const char* pointer) {
  const auto* value = find(node, pointer);
  return !value ? VH_JSON_MISSING : std::holds_alternative<int64_t>(*value) ? VH_JSON_INT : VH_JSON_STRING;
}
inline int32_t get_int(const vh_node* node, const char* pointer, int64_t* out, vh_error*) {
  return *out = std::get<int64_t>(*find(node, pointer)), VH_OK;
}
inline int32_t get_double(const vh_node* node, const char* pointer, double* out, vh_error*) {
  return *out = double(std::get<int64_t>(*find(node, pointer))), VH_OK;
}
inline int32_t get_string(const vh_node* node, const char* pointer, const char** out, vh_error*) {
  return *out = std::get<std::string>(*find(node, pointer)).c_str(), VH_OK;
}
inline const vh_config_1 kConfig = {sizeof(vh_config_1), 0,       type_of, nullptr, get_int, get_double, nullptr,
                                    get_string,          nullptr, nullptr, nullptr};
inline const void* get_service(const char* id) {
  return std::strcmp(id, VH_CONFIG_1) ? nullptr : &kConfig;
}
inline const vh_host kHost = {sizeof(vh_host), VH_ABI_MINOR, get_service};

struct Specs {
  vh_spec_sink sink{sizeof(vh_spec_sink), 0, add};
  std::vector<std::pair<std::string, vh_spec>> items;
  static int32_t add(vh_spec_sink* self, const vh_spec* spec) {
    reinterpret_cast<Specs*>(self)->items.emplace_back(spec->key, *spec);
    return VH_OK;
  }
};
struct Text {
  vh_text_sink sink{sizeof(vh_text_sink), 0, add};
  std::string text;
  static int32_t add(vh_text_sink* self, const char* text, uint64_t n) {
    reinterpret_cast<Text*>(self)->text.append(text, n);
    return VH_OK;
  }
};

}  // namespace dataset_host
