// Rules for parameter values, and their JSON Schema. Authors write them in params.hpp's describe().
#pragma once
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "error.hpp"

namespace vh {

// What a value must satisfy; rules join with |.
struct Rule {
  double min = -std::numeric_limits<double>::infinity(), max = std::numeric_limits<double>::infinity();
  bool min_open = false, max_open = false;  // true: the bound itself isn't allowed
  std::vector<std::string> names = {};      // allowed strings; empty = any
  size_t min_items = 0, max_items = std::numeric_limits<size_t>::max();
};
inline Rule range(double min, double max) {
  return {.min = min, .max = max};
}  // both included
inline Rule at_least(double min) {
  return {.min = min};
}
inline Rule at_most(double max) {
  return {.max = max};
}
inline Rule above(double min) {
  return {.min = min, .min_open = true};
}
inline Rule below(double max) {
  return {.max = max, .max_open = true};
}
inline Rule length(size_t min, size_t max) {
  return {.min_items = min, .max_items = max};
}
inline Rule length(size_t n) {
  return length(n, n);
}
template <class... S>
Rule choices(const S&... names) {
  return {.names = {std::string(names)...}};
}
inline Rule operator|(Rule a, const Rule& b) {
  if (b.min > a.min || (b.min == a.min && b.min_open)) a.min = b.min, a.min_open = b.min_open;
  if (b.max < a.max || (b.max == a.max && b.max_open)) a.max = b.max, a.max_open = b.max_open;
  if (!b.names.empty()) a.names = b.names;
  a.min_items = std::max(a.min_items, b.min_items);
  a.max_items = std::min(a.max_items, b.max_items);
  return a;
}

namespace detail {

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

inline std::string json(const std::string& s) {
  std::string out = "\"";
  for (const char c : s) {
    if (c == '"' || c == '\\')
      out += '\\', out += c;
    else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      out += escape;
    } else
      out += c;
  }
  return out + '"';
}
inline std::string json(bool b) {
  return b ? "true" : "false";
}
inline std::string json(int64_t i) {
  return std::to_string(i);
}
inline std::string json(int i) {
  return std::to_string(i);
}
inline std::string json(double d) {  // shortest text that reads back the same; always a JSON number of type double
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, d).ptr;
  std::string out(buffer, end);
  return out.find_first_of(".en") == std::string::npos ? out + ".0" : out;
}
template <class T>
std::string json(const std::vector<T>& list) {
  std::string out = "[";
  for (const T& item : list) out += (out.size() > 1 ? "," : "") + json(item);
  return out + "]";
}
template <class T>
std::string json(const std::optional<T>& value) {
  return value ? json(*value) : "null";
}

template <class T>
constexpr const char* json_type() {
  if constexpr (std::is_same_v<T, bool>)
    return "boolean";
  else if constexpr (std::is_integral_v<T>)
    return "integer";
  else if constexpr (std::is_floating_point_v<T>)
    return "number";
  else if constexpr (is_vector<T>::value)
    return "array";
  else
    return "string";
}

inline std::string bound_text(double bound) {
  return bound == std::floor(bound) && std::abs(bound) < 1e15 ? json(static_cast<int64_t>(bound)) : json(bound);
}

// The members of a schema that say which values are allowed: `"type":"integer","minimum":1`.
template <class T>
std::string schema_of(const Rule& rule) {
  if constexpr (is_optional<T>::value) {
    const std::string inner = schema_of<typename T::value_type>(rule);  // "type":"X",...
    const size_t comma = inner.find(',');
    const std::string type = inner.substr(7, (comma == std::string::npos ? inner.size() : comma) - 7);
    std::string rest = comma == std::string::npos ? "" : inner.substr(comma);
    if (const size_t list = rest.find("\"enum\":["); list != std::string::npos) rest.insert(list + 8, "null,");
    return "\"type\":[" + type + ",\"null\"]" + rest;
  } else {
    std::string out = std::string("\"type\":\"") + json_type<T>() + "\"";
    if constexpr (is_vector<T>::value) {
      Rule each = rule;
      each.min_items = 0, each.max_items = std::numeric_limits<size_t>::max();
      out += ",\"items\":{" + schema_of<typename T::value_type>(each) + "}";
      if (rule.min_items > 0) out += ",\"minItems\":" + std::to_string(rule.min_items);
      if (rule.max_items != std::numeric_limits<size_t>::max())
        out += ",\"maxItems\":" + std::to_string(rule.max_items);
    } else if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
      if (std::isfinite(rule.min))
        out += (rule.min_open ? ",\"exclusiveMinimum\":" : ",\"minimum\":") + bound_text(rule.min);
      if (std::isfinite(rule.max))
        out += (rule.max_open ? ",\"exclusiveMaximum\":" : ",\"maximum\":") + bound_text(rule.max);
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (!rule.names.empty()) out += ",\"enum\":" + json(rule.names);
    }
    return out;
  }
}

// Throws if a value breaks its rule. The host has checked the manifest already; this guards other callers.
template <class T>
void check_rule(const std::string& pointer, const T& value, const Rule& rule) {
  if constexpr (is_optional<T>::value) {
    if (value) check_rule(pointer, *value, rule);
  } else if constexpr (is_vector<T>::value) {
    if (value.size() < rule.min_items || value.size() > rule.max_items)
      throw param_error(pointer, str("has ", value.size(), " items; want ",
                                     rule.min_items == rule.max_items ? str(rule.min_items)
                                     : value.size() < rule.min_items  ? str("at least ", rule.min_items)
                                                                      : str("at most ", rule.max_items)));
    for (size_t i = 0; i < value.size(); ++i)
      check_rule<typename T::value_type>(pointer + "/" + std::to_string(i), value[i], rule);
  } else if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
    const auto v = static_cast<double>(value);
    if (v < rule.min || (rule.min_open && v == rule.min))
      throw param_error(pointer,
                        str("is ", json(value), "; want ", rule.min_open ? "more than " : "at least ", rule.min));
    if (v > rule.max || (rule.max_open && v == rule.max))
      throw param_error(pointer,
                        str("is ", json(value), "; want ", rule.max_open ? "less than " : "at most ", rule.max));
  } else if constexpr (std::is_same_v<T, std::string>) {
    for (const std::string& name : rule.names)
      if (name == value) return;
    if (!rule.names.empty()) throw param_error(pointer, str("is ", json(value), "; want one of ", json(rule.names)));
  }
}

}  // namespace detail
}  // namespace vh
