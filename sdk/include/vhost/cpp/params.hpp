// Parameter structs that describe themselves: parsing, defaults, ranges, documentation and JSON Schema from one place.
//
//   struct Params {
//     int64_t width;
//     double drop;
//     std::string pool;
//     std::vector<int64_t> patch;
//     std::optional<double> scale;
//     template <class V> void describe(V& v) {
//       v("width", width, 384, vh::range(1, 8192), "channels");
//       v("drop", drop, 0.0, vh::range(0, 1), "dropout probability");
//       v("pool", pool, "mean", vh::choices("mean", "cls"), "what the classifier sees");
//       v("patch", patch, {2, 16, 16}, vh::length(3) | vh::at_least(1), "t, h, w of a token, in input samples");
//       v("scale", scale, std::nullopt, vh::above(0), "null: 1 / sqrt(head width)");
//     }
//   };
//
// Types: bool, int, int64_t, double, std::string, std::vector and std::optional of those. required(name, field, rule,
// doc) has no default. In a vector, ranges and choices hold for each item.
#pragma once
#include "host.hpp"
#include "rule.hpp"

namespace vh {

namespace detail {

// Reads one value of a node by vh.config/1.
template <class T>
void read(const vh_node* node, const std::string& pointer, const std::string& path, T& out) {
  const vh_config_1& config = need(services.config, VH_CONFIG_1);
  vh_error err = new_error();
  const auto done = [&](int32_t status) {
    if (status != VH_OK) throw param_error(path, err.message[0] ? err.message : str("want ", json_type<T>()));
  };
  if constexpr (is_optional<T>::value) {
    out.reset();
    if (config.type(node, pointer.c_str()) != VH_JSON_NULL) read(node, pointer, path, out.emplace());
  } else if constexpr (is_vector<T>::value) {
    const vh_node* list = config.get(node, pointer.c_str());
    if (!list || config.type(list, "") != VH_JSON_ARRAY) throw param_error(path, "want an array");
    out.clear();
    for (uint32_t i = 0; i < config.size(list); ++i) {
      typename T::value_type item{};
      read(config.item(list, i), "", path + "/" + std::to_string(i), item);
      out.push_back(std::move(item));
    }
  } else if constexpr (std::is_same_v<T, bool>) {
    int32_t value = 0;
    done(config.get_bool(node, pointer.c_str(), &value, &err));
    out = value != 0;
  } else if constexpr (std::is_integral_v<T>) {
    int64_t value = 0;
    done(config.get_int(node, pointer.c_str(), &value, &err));
    if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max())
      throw param_error(path, str("is ", value, ", which is too large"));
    out = static_cast<T>(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    done(config.get_double(node, pointer.c_str(), &out, &err));
  } else {
    const char* value = nullptr;
    done(config.get_string(node, pointer.c_str(), &value, &err));
    out = value;
  }
}

struct SetDefaults {
  template <class T>
  void operator()(const char*, T& field, const std::type_identity_t<T>& value, const Rule&, const char*) {
    field = value;
  }
  template <class T>
  void operator()(const char*, T& field, const std::type_identity_t<T>& value, const char*) {
    field = value;
  }
  template <class T>
  void required(const char*, T& field, const Rule&, const char*) {
    field = T{};
  }
};

class Parser {
 public:
  explicit Parser(const vh_node* node) : node_(node) {}
  template <class T>
  void operator()(const char* name, T& field, const std::type_identity_t<T>& value, const Rule& rule, const char*) {
    if (has(name))
      read(node_, pointer(name), pointer(name), field);
    else
      field = value;
    check_rule(pointer(name), field, rule);
  }
  template <class T>
  void operator()(const char* name, T& field, const std::type_identity_t<T>& value, const char* doc) {
    (*this)(name, field, value, Rule{}, doc);
  }
  template <class T>
  void required(const char* name, T& field, const Rule& rule, const char* doc) {
    if (!has(name)) throw param_error(pointer(name), str("is missing; it is ", doc));
    read(node_, pointer(name), pointer(name), field);
    check_rule(pointer(name), field, rule);
  }

 private:
  static std::string pointer(const char* name) { return std::string("/") + name; }
  bool has(const char* name) const {
    return node_ && need(services.config, VH_CONFIG_1).type(node_, pointer(name).c_str()) != VH_JSON_MISSING;
  }
  const vh_node* node_;
};

class SchemaWriter {
 public:
  template <class T>
  void operator()(const char* name, T&, const std::type_identity_t<T>& value, const Rule& rule, const char* doc) {
    check_rule(std::string("/") + name, value, rule);
    add(name, schema_of<T>(rule) + ",\"default\":" + json(value), doc);
  }
  template <class T>
  void operator()(const char* name, T& field, const std::type_identity_t<T>& value, const char* doc) {
    (*this)(name, field, value, Rule{}, doc);
  }
  template <class T>
  void required(const char* name, T&, const Rule& rule, const char* doc) {
    add(name, schema_of<T>(rule), doc);
    required_.push_back(name);
  }
  std::string text() const {
    return "{\"type\":\"object\",\"properties\":{" + properties_ + "}" +
           (required_.empty() ? "" : ",\"required\":" + json(required_)) + ",\"additionalProperties\":false}";
  }

 private:
  void add(const char* name, const std::string& members, const char* doc) {
    properties_ += (properties_.empty() ? "" : ",") + json(std::string(name)) + ":{" + members +
                   ",\"description\":" + json(std::string(doc)) + "}";
  }
  std::string properties_;
  std::vector<std::string> required_;
};

}  // namespace detail

// For parts without parameters.
struct NoParams {
  template <class V>
  void describe(V&) {}
};

// The struct with every field at its default.
template <class Params>
Params default_params() {
  Params params{};
  detail::SetDefaults set;
  params.describe(set);
  return params;
}

// From the manifest's validated object; throws Error with the JSON pointer.
template <class Params>
Params parse_params(const vh_node* node) {
  Params params{};
  detail::Parser parser(node);
  params.describe(parser);
  return params;
}

// JSON Schema of the struct.
template <class Params>
std::string schema_text() {
  Params params{};
  detail::SchemaWriter writer;
  params.describe(writer);
  return writer.text();
}

}  // namespace vh
