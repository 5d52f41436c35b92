#include "classes.h"

#include <vhost/media/list_file.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

namespace imagenet {
namespace {

using vh::media::ListError;

bool is_synset(const std::string& word) {
  return word.size() == 9 && word[0] == 'n' &&
         std::all_of(word.begin() + 1, word.end(), [](unsigned char c) { return std::isdigit(c); });
}

void append_utf8(std::string& text, unsigned code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xc0 | code >> 6);
    text += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    text += static_cast<char>(0xe0 | code >> 12);
    text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    text += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// The strings of a JSON text in order, with the depth of brackets each stands at. Nothing else of JSON is needed here.
class JsonStrings {
 public:
  JsonStrings(const std::string& file, const std::string& text) : file_(file), text_(text) {}

  std::vector<std::string> read() {
    std::vector<std::string> strings;
    while (at_ < text_.size())
      if (text_[at_++] == '"') strings.push_back(string());
    return strings;
  }

 private:
  std::string string() {
    std::string out;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] != '\\')
        out += text_[at_++];
      else
        escape(out);
    }
    if (at_++ >= text_.size()) throw ListError("/class_names", file_, ": a string has no end");
    return out;
  }
  void escape(std::string& out) {
    char c = at_ + 1 < text_.size() ? text_[at_ + 1] : '"';
    at_ += 2;
    if (c != 'u') {
      out += c == 'n' ? '\n' : c == 't' ? '\t' : c;
      return;
    }
    unsigned code = 0;
    const char* digits = text_.data() + std::min(at_, text_.size());
    const char* end = text_.data() + std::min(at_ + 4, text_.size());
    if (std::from_chars(digits, end, code, 16).ptr != digits + 4)
      throw ListError("/class_names", file_, ": a \\u escape is cut off");
    at_ += 4;
    append_utf8(out, code);
  }

  std::string file_;
  const std::string& text_;
  size_t at_ = 0;
};

std::vector<ClassName> from_json(const std::string& file, const std::string& text, char first) {
  auto strings = JsonStrings(file, text).read();
  std::vector<ClassName> classes;
  if (first == '[') {
    for (auto& name : strings) classes.push_back({"", std::move(name)});
    return classes;
  }
  const char* form = ": wanted {\"0\": [\"n01440764\", \"tench\"], ..}, found ";
  if (strings.size() % 3) throw ListError("/class_names", file, form + std::to_string(strings.size()) + " strings");
  classes.resize(strings.size() / 3);
  for (size_t i = 0; i < strings.size(); i += 3) {
    size_t index = 0;
    const std::string& key = strings[i];
    auto [end, status] = std::from_chars(key.data(), key.data() + key.size(), index);
    if (status != std::errc() || end != key.data() + key.size() || index >= classes.size() ||
        !classes[index].name.empty())
      throw ListError("/class_names", file, form + ("the key '" + key + "'"));
    classes[index] = {strings[i + 1], strings[i + 2]};
  }
  return classes;
}

std::optional<std::string> after_number(const std::string& line, size_t number) {
  std::string start = std::to_string(number) + "\t";
  if (!line.starts_with(start)) return std::nullopt;
  return line.substr(start.size());
}

std::vector<ClassName> from_lines(const std::vector<std::string>& lines) {
  std::vector<ClassName> classes;
  bool synsets = true, numbers = true;
  for (size_t i = 0; i < lines.size(); ++i) {
    synsets = synsets && is_synset(lines[i].substr(0, lines[i].find_first_of(" \t,")));
    numbers = numbers && after_number(lines[i], i);
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    if (!synsets) {
      classes.push_back({"", numbers ? *after_number(line, i) : line});
      continue;
    }
    std::string synset = line.substr(0, 9);
    auto name = line.find_first_not_of(" \t,", 9);
    classes.push_back({synset, name == std::string::npos ? synset : line.substr(name)});
  }
  return classes;
}

}  // namespace

std::vector<ClassName> read_class_names(const std::string& file) {
  auto lines = vh::media::read_lines(file);
  if (lines.empty()) throw ListError("/class_names", file, ": names no class");
  if (char first = lines[0][0]; first == '[' || first == '{') {
    std::ifstream in(file);
    return from_json(file, std::string(std::istreambuf_iterator<char>(in), {}), first);
  }
  return from_lines(lines);
}

}  // namespace imagenet
