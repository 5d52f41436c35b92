#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "base/json.h"
#include "base/json_number.h"

namespace vhost {
namespace {

void append_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else if (byte < 0x20 || byte == 0x7F)
      ((out += "\\u00") += kHex[byte >> 4]) += kHex[byte & 15];
    else
      out += c;
  }
  out += '"';
}

constexpr std::pair<const char*, double> kNotFinite[] = {{"nan", std::numeric_limits<double>::quiet_NaN()},
                                                         {"inf", std::numeric_limits<double>::infinity()},
                                                         {"-inf", -std::numeric_limits<double>::infinity()}};

// Shortest text that reads back as the same number.
std::string number_text(double number) {
  if (!std::isfinite(number)) throw Error("JSON has no text for a number that is not finite");
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return {buffer.data(), result.ptr};
}

void append_scalar(std::string& out, const json::value& value) {
  if (const bool* flag = value.if_bool())
    out += *flag ? "true" : "false";
  else if (const int64_t* integer = value.if_int64())
    out += std::to_string(*integer);
  else if (const uint64_t* large = value.if_uint64())
    out += std::to_string(*large);
  else if (const double* real = value.if_double())
    out += number_text(*real);
  else if (const json::string* text = value.if_string())
    append_string(out, *text);
  else
    out += "null";
}

void append_canonical(std::string& out, const json::value& value) {
  const char* separator = "";
  if (const json::array* list = value.if_array()) {
    out += '[';
    for (const json::value& item : *list) {
      out += separator;
      append_canonical(out, item);
      separator = ",";
    }
    out += ']';
  } else if (const json::object* object = value.if_object()) {
    std::vector<const json::key_value_pair*> members;
    for (const auto& member : *object) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](auto* a, auto* b) { return a->key() < b->key(); });
    out += '{';
    for (const json::key_value_pair* member : members) {
      out += separator;
      append_string(out, member->key());
      out += ':';
      append_canonical(out, member->value());
      separator = ",";
    }
    out += '}';
  } else {
    append_scalar(out, value);
  }
}

bool fits_one_line(const json::array& list) {
  return list.size() <= 16 &&
         std::none_of(list.begin(), list.end(), [](const json::value& v) { return v.is_structured(); });
}

// As canonical, but a double stays one when it is read back: 1.0, not 1.
void append_pretty_scalar(std::string& out, const json::value& value) {
  const size_t begin = out.size();
  append_scalar(out, value);
  if (value.is_double() && out.find_first_of(".e", begin) == std::string::npos) out += ".0";
}

void append_pretty(std::string& out, const json::value& value, size_t indent) {
  const auto* list = value.if_array();
  const auto* object = value.if_object();
  if (list && fits_one_line(*list)) {
    out += '[';
    for (size_t i = 0; i < list->size(); ++i) {
      if (i) out += ", ";
      append_pretty_scalar(out, (*list)[i]);
    }
    out += ']';
    return;
  }
  if (object && object->empty()) {
    out += "{}";
    return;
  }
  const auto line = [&](const char* separator, size_t spaces) { (out += separator).append(spaces, ' '); };
  const char* separator = "\n";
  if (list) {
    out += '[';
    for (const json::value& item : *list) {
      line(separator, indent + 2);
      append_pretty(out, item, indent + 2);
      separator = ",\n";
    }
    line("\n", indent);
    out += ']';
  } else if (object) {
    out += '{';
    for (const auto& member : *object) {
      line(separator, indent + 2);
      append_string(out, member.key());
      out += ": ";
      append_pretty(out, member.value(), indent + 2);
      separator = ",\n";
    }
    line("\n", indent);
    out += '}';
  } else {
    append_pretty_scalar(out, value);
  }
}

template <class Value>
Value* walk(Value& root, std::string_view pointer) {
  Value* value = &root;
  for (const std::string& token : split_pointer(pointer)) {
    if (auto* object = value->if_object()) {
      const auto member = object->find(token);
      if (member == object->end()) return nullptr;
      value = &member->value();
    } else if (auto* list = value->if_array()) {
      size_t index = 0;
      const char* end = token.data() + token.size();
      const auto [stop, error] = std::from_chars(token.data(), end, index);
      const bool leading_zero = token.size() > 1 && token[0] == '0';
      if (error != std::errc() || stop != end || leading_zero || index >= list->size()) return nullptr;
      value = &(*list)[index];
    } else {
      return nullptr;
    }
  }
  return value;
}

}  // namespace

std::string canonical_json(const json::value& value) {
  std::string out;
  append_canonical(out, value);
  return out;
}

std::string pretty_json(const json::value& value) {
  std::string out;
  append_pretty(out, value, 0);
  return out += '\n';
}

std::string quote(std::string_view text) {
  constexpr size_t kLongest = 60;
  std::string cut(text.substr(0, kLongest));
  if (text.size() > kLongest) {
    size_t end = kLongest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    cut = std::string(text.substr(0, end)) + "...";
  }
  std::string out;
  append_string(out, cut);
  return out;
}

json::value number_json(double number) {
  if (std::isfinite(number)) return number;
  return json::value(std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
}

double json_number(const json::value& value) {
  if (value.is_number()) return value.to_number<double>();
  for (const auto& [word, number] : kNotFinite)
    if (value.is_string() && value.get_string() == word) return number;
  throw Error(show_json(value) + " is no number");
}

std::string show_json(const json::value& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  if (value.is_string()) return quote(value.get_string());
  std::string out;
  append_pretty_scalar(out, value);
  return out;
}

std::vector<std::string> split_pointer(std::string_view pointer) {
  std::vector<std::string> tokens;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const size_t end = std::min(pointer.find('/'), pointer.size());
    std::string token;
    for (size_t i = 0; i < end; ++i) {
      const bool escaped = pointer[i] == '~' && i + 1 < end && (pointer[i + 1] == '0' || pointer[i + 1] == '1');
      token += !escaped ? pointer[i] : pointer[++i] == '0' ? '~' : '/';
    }
    tokens.push_back(std::move(token));
    pointer.remove_prefix(end);
  }
  return tokens;
}

const json::value* find_pointer(const json::value& root, std::string_view pointer) {
  return walk(root, pointer);
}
json::value* find_pointer(json::value& root, std::string_view pointer) {
  return walk(root, pointer);
}

std::string escape_pointer(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

}  // namespace vhost
