#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/files.h"
#include "base/json.h"

namespace vhost {
size_t utf8_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u; };
  const auto tail = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool second = tail(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF);
    return second && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool second = tail(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(text, at);
    out += length ? text.substr(at, length) : std::string_view("\xEF\xBF\xBD");
    at += std::max<size_t>(1, length);
  }
  return out;
}

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '+' ||
         c == '-';
}
bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 63));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 63));
    out += static_cast<char>(0x80 | (code & 63));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 63));
    out += static_cast<char>(0x80 | ((code >> 6) & 63));
    out += static_cast<char>(0x80 | (code & 63));
  }
}

class Parser {
  static constexpr size_t kLongestKey = 256;  // every place carries the keys above it

 public:
  Parser(std::string_view text, const std::string& file, bool item_places)
      : text_(text), file_(file), item_places_(item_places) {
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") text_.remove_prefix(3);
  }

  JsonDocument parse() {
    check_utf8();
    skip_space();
    if (at_end()) fail("the file is empty, expected a value");
    document_.places[""] = place(at_);
    document_.root = value(0);
    skip_space();
    if (!at_end()) fail("found " + found() + " after the end of the value, expected nothing more");
    return std::move(document_);
  }

 private:
  // ---- characters
  bool at_end() const { return at_ >= text_.size(); }
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  void check_utf8() {
    for (size_t i = 0; i < text_.size();) {
      const size_t n = utf8_length(text_, i);
      if (n == 0) {
        char hex[8];
        std::snprintf(hex, sizeof hex, "0x%02X", static_cast<unsigned char>(text_[i]));
        fail_at(i, std::string("invalid UTF-8: byte ") + hex + "; save the file as UTF-8");
      }
      i += n;
    }
  }

  void skip_space() {
    for (;;) {
      const char c = peek();
      if (at_end()) return;
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
        ++at_;
      else if (c == '/' && peek(1) == '/')
        skip_line();
      else if (c == '/' && peek(1) == '*')
        skip_block();
      else
        return;
    }
  }
  void skip_line() {
    const size_t end = text_.find('\n', at_);
    at_ = end == std::string_view::npos ? text_.size() : end;
  }
  void skip_block() {
    const size_t end = text_.find("*/", at_ + 2);
    if (end == std::string_view::npos) fail("comment is not closed, expected */");
    at_ = end + 2;
  }

  // ---- places and errors
  // Places are asked for in rising order except by errors, so the cursor makes all of them together linear.
  Location place(size_t offset) {
    if (offset < cursor_) {
      cursor_ = 0;
      line_ = column_ = 1;
    }
    for (; cursor_ < offset; ++cursor_) {
      if (text_[cursor_] == '\n') {
        ++line_;
        column_ = 1;
      } else if (!is_continuation(text_[cursor_])) {
        ++column_;
      }
    }
    return Location{file_, line_, column_};
  }
  [[noreturn]] void fail_at(size_t offset, const std::string& message) { throw Error(place(offset), "", message); }
  [[noreturn]] void fail(const std::string& message) { fail_at(at_, message); }

  // The token here, as a message shows it.
  std::string found() const {
    if (at_end()) return "the end of the file";
    const char c = peek();
    if (c == '"') return "a string";
    if (c == '\'') return "a single quote (strings take \"double quotes\")";
    if (c == '#') return "\"#\" (comments are // or /* */)";
    size_t n = 0;
    while (n < 30 && is_word(peek(n))) ++n;
    if (n == 0) n = std::max<size_t>(1, utf8_length(text_, at_));
    return quote(text_.substr(at_, n));
  }

  // ---- values
  json::value value(int depth) {
    switch (peek()) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return json::value(string());
      default:
        return scalar();
    }
  }

  json::value object(int depth) {
    const size_t begin = at_;
    if (depth >= kJsonDepth) fail("nested deeper than " + std::to_string(kJsonDepth) + " levels");
    ++at_;
    json::object out;
    for (;;) {
      skip_space();
      if (peek() == '}' && !at_end()) break;
      if (peek() != '"') fail("found " + found() + ", expected a key in double quotes or }" + unclosed(begin, '{'));
      const size_t parent = enter_member(out);
      expect(':', "expected : after the key");
      skip_space();
      const std::string key = key_;
      out.emplace(key, value(depth + 1));
      pointer_.resize(parent);
      if (!comma_or('}', begin)) break;
    }
    ++at_;
    return out;
  }

  // Reads a key, notes its place, appends it to the pointer. Returns the length of the pointer before.
  size_t enter_member(const json::object& object) {
    const size_t key_at = at_;
    key_ = string();
    if (key_.size() > kLongestKey) fail_at(key_at, "key is longer than " + std::to_string(kLongestKey) + " bytes");
    const size_t parent = pointer_.size();
    pointer_ += "/" + escape_pointer(key_);
    const Location here = place(key_at);
    if (object.contains(key_)) {
      const Location& first = document_.places[pointer_];
      throw Error(here, pointer_,
                  "duplicate key " + quote(key_) + ", set already at " + std::to_string(first.line) + ":" +
                      std::to_string(first.column));
    }
    document_.places[pointer_] = here;
    return parent;
  }

  json::value array(int depth) {
    const size_t begin = at_;
    if (depth >= kJsonDepth) fail("nested deeper than " + std::to_string(kJsonDepth) + " levels");
    ++at_;
    json::array out;
    for (;;) {
      skip_space();
      if (peek() == ']') break;
      if (at_end()) fail("found the end of the file, expected a value or ]" + unclosed(begin, '['));
      const size_t parent = pointer_.size();
      pointer_ += "/" + std::to_string(out.size());
      if (item_places_) document_.places[pointer_] = place(at_);
      out.push_back(value(depth + 1));
      pointer_.resize(parent);
      if (!comma_or(']', begin)) break;
    }
    ++at_;
    return out;
  }

  // True after a comma; false before the closing bracket.
  bool comma_or(char close, size_t begin) {
    skip_space();
    if (peek() == close) return false;
    const char open = close == '}' ? '{' : '[';
    if (peek() != ',') fail("found " + found() + ", expected , or " + close + unclosed(begin, open));
    ++at_;
    return true;
  }
  void expect(char c, const char* what) {
    skip_space();
    if (peek() != c) fail("found " + found() + ", " + what);
    ++at_;
  }
  std::string unclosed(size_t begin, char open) {
    if (!at_end()) return "";
    const Location where = place(begin);
    return std::string(" (the ") + open + " of " + std::to_string(where.line) + ":" + std::to_string(where.column) +
           " is not closed)";
  }

  // ---- strings
  std::string string() {
    const size_t begin = at_++;
    std::string out;
    for (;;) {
      if (at_end()) fail_at(begin, "string is not closed before the end of the file, expected \"");
      const char c = peek();
      if (c == '"') break;
      if (c == '\n') fail_at(begin, "string is not closed before the end of the line, expected \"");
      if (static_cast<unsigned char>(c) < 0x20) fail("control character in a string, expected an escape such as \\t");
      if (c == '\\')
        escape(out);
      else
        out += c, ++at_;
    }
    ++at_;
    return out;
  }

  void escape(std::string& out) {
    static constexpr char kNames[] = "\"\\/bfnrt", kValues[] = "\"\\/\b\f\n\r\t";
    const char c = peek(1);
    if (c == 'u') return unicode_escape(out);
    const char* found = c ? std::strchr(kNames, c) : nullptr;
    if (!found) fail("unknown escape, expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
    out += kValues[found - kNames];
    at_ += 2;
  }

  void unicode_escape(std::string& out) {
    uint32_t code = hex4();
    if (code == 0) fail("\\u0000 can't be part of a text");
    if (code >= 0xDC00 && code <= 0xDFFF) fail("lone low surrogate, expected \\uD800 to \\uDBFF before it");
    at_ += 6;
    if (code >= 0xD800 && code <= 0xDBFF) {
      const uint32_t low = peek() == '\\' && peek(1) == 'u' ? hex4() : 0;
      if (low < 0xDC00 || low > 0xDFFF) fail("expected \\uDC00 to \\uDFFF after a high surrogate");
      at_ += 6;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    append_utf8(out, code);
  }

  uint32_t hex4() {
    uint32_t code = 0;
    const std::string_view digits = text_.substr(std::min(at_ + 2, text_.size()), 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (error != std::errc() || end != digits.data() + 4) fail("expected four hexadecimal digits after \\u");
    return code;
  }

  // ---- numbers and words
  json::value scalar() {
    size_t n = 0;
    while (is_word(peek(n)) && !at_end()) ++n;
    const std::string_view word = text_.substr(at_, n);
    json::value out;
    if (word == "true")
      out = true;
    else if (word == "false")
      out = false;
    else if (word == "null")
      out = nullptr;
    else if (!word.empty() && (is_digit(word[0]) || word[0] == '-'))
      out = number(word);
    else
      fail("found " + found() + ", expected a value" + hint(word));
    at_ += n;
    return out;
  }

  static std::string hint(std::string_view word) {
    if (word.empty() || word[0] == '+' || word[0] == '.')
      return word.empty() ? "" : " (numbers begin with a digit or -)";
    if (const std::string near = did_you_mean(std::string(word), {"true", "false", "null"}); !near.empty()) return near;
    if (word == "None" || word == "nil") return " (did you mean \"null\"?)";
    if (word == "NaN" || word == "nan" || word == "Infinity" || word == "inf") return " (JSON has no such number)";
    return " (strings take double quotes)";
  }

  // Checks the grammar itself: from_chars alone takes "01", "1." and "-inf".
  bool is_number(std::string_view word, bool& whole) const {
    size_t i = word[0] == '-';
    const auto digits = [&] {
      const size_t begin = i;
      while (i < word.size() && is_digit(word[i])) ++i;
      return i - begin;
    };
    const size_t first = i;
    const size_t leading = digits();
    if (leading == 0 || (leading > 1 && word[first] == '0')) return false;
    whole = i == word.size();
    if (i < word.size() && word[i] == '.') {
      ++i;
      if (digits() == 0) return false;
    }
    if (i < word.size() && (word[i] == 'e' || word[i] == 'E')) {
      ++i;
      if (i < word.size() && (word[i] == '+' || word[i] == '-')) ++i;
      if (digits() == 0) return false;
    }
    return i == word.size();
  }

  json::value number(std::string_view word) {
    bool whole = false;
    if (!is_number(word, whole)) fail("found " + quote(word) + ", which is no number; expected such as 8, 0.5, 1e-4");
    const char *begin = word.data(), *end = begin + word.size();
    int64_t integer = 0;
    if (whole && std::from_chars(begin, end, integer).ec == std::errc()) return integer;
    uint64_t large = 0;
    if (whole && std::from_chars(begin, end, large).ec == std::errc() && word[0] != '-') return large;
    double real = 0;
    const auto result = std::from_chars(begin, end, real);
    if (result.ec == std::errc::result_out_of_range && !underflows(word)) {
      fail("number " + quote(word) + " is too large for a double");
    }
    return real;
  }
  // from_chars reports both ends of the range alike; a tiny number is taken as 0.
  static bool underflows(std::string_view word) {
    return std::abs(std::strtod(std::string(word).c_str(), nullptr)) < 1;
  }

  std::string_view text_;
  const std::string& file_;
  bool item_places_;
  size_t at_ = 0;
  size_t cursor_ = 0;
  int line_ = 1, column_ = 1;
  std::string pointer_, key_;
  JsonDocument document_;
};

}  // namespace

JsonDocument parse_json(std::string_view text, const std::string& file, bool item_places) {
  return Parser(text, file, item_places).parse();
}

JsonDocument read_json(const std::string& path) {
  return parse_json(read_file(path), path);
}

}  // namespace vhost
