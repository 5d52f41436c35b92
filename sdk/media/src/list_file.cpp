#include <vhost/media/list_file.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

namespace vh::media {
namespace {

namespace fs = std::filesystem;

std::string trim(const std::string& text) {
  auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::optional<int64_t> integer(const std::string& text) {
  int64_t value;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "0.5", "1e3" and numbers too large for a label: nobody's file name ends in a space and one of these.
bool looks_like_number(const std::string& text) {
  if (text.find_first_not_of("+-.0123456789eE") != text.npos || text.find_first_of("0123456789") == text.npos)
    return false;
  const char* begin = text.data() + (text[0] == '+');
  double value;
  auto [end, status] = std::from_chars(begin, text.data() + text.size(), value);
  return status != std::errc::invalid_argument && end == text.data() + text.size();
}

struct Split {
  std::string left, right;
};

std::optional<Split> split_last(const std::string& line, char separator) {
  auto at = line.rfind(separator);
  if (at == std::string::npos) return std::nullopt;
  Split split{trim(line.substr(0, at)), trim(line.substr(at + 1))};
  if (split.left.empty() || split.right.empty()) return std::nullopt;
  return split;
}

std::optional<Split> split_number(const std::string& line, const std::string& separator) {
  for (auto [name, c] : {std::pair{"tab", '\t'}, std::pair{"comma", ','}, std::pair{"space", ' '}}) {
    if (separator != "auto" && separator != name) continue;
    auto split = split_last(line, c);
    if (split && (separator != "auto" || integer(split->right))) return split;
  }
  return std::nullopt;
}

// What stands where a label should, and looks like one that was meant so; only of "auto".
std::optional<std::string> number_that_is_no_label(const std::string& line, const std::string& separator) {
  if (separator != "auto") return std::nullopt;
  for (char c : {'\t', ',', ' '})
    if (auto split = split_last(line, c); split && looks_like_number(split->right)) return split->right;
  return std::nullopt;
}

class ListReader {
 public:
  ListReader(const std::string& file, const std::string& root, const ListFormat& format)
      : file_(file), root_(root), format_(format), three_columns_(format.columns == "path frames label") {}

  std::vector<ListItem> read() {
    std::ifstream in(file_);
    if (!in) throw ListError("/list", file_, std::string(": can't be opened: ") + std::strerror(errno));
    std::string line;
    while (std::getline(in, line)) {
      ++line_number_;
      line = trim(line);
      if (line_number_ == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
      if (!line.empty() && line[0] != '#') add(line);
    }
    return std::move(items_);
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw ListError("/list", file_, ":" + std::to_string(line_number_) + ": " + why);
  }

  [[noreturn]] void fail_label(const std::string& label) const {
    fail("the label '" + label + "' is not an integer from -1 (unknown) to " + std::to_string(kLargestLabel));
  }

  void add(const std::string& line) {
    auto split = split_number(line, format_.separator);
    if (!split)
      if (auto number = number_that_is_no_label(line, format_.separator)) fail_label(*number);
    if (items_.empty()) labelled_ = split.has_value();
    if (split.has_value() != labelled_)
      fail(labelled_ ? "no label after the path, unlike in the lines above: '" + line + "'"
                     : "a label, unlike in the lines above: '" + line + "'");
    ListItem item;
    item.name = line;
    if (split) {
      auto label = integer(split->right);
      if (!label || *label < -1 || *label > kLargestLabel) fail_label(split->right);
      item.label = *label;
      item.name = split->left;
      if (three_columns_) {
        auto rest = split_number(item.name, format_.separator);
        if (!rest || !integer(rest->right)) fail("wanted 'path frames label', found '" + line + "'");
        item.name = rest->left;
      }
    } else if (three_columns_) {
      fail("wanted 'path frames label', found '" + line + "'");
    }
    item.path = resolve_path(root_, item.name, format_.extension);
    items_.push_back(std::move(item));
  }

  std::string file_, root_;
  ListFormat format_;
  bool three_columns_, labelled_ = false;
  int64_t line_number_ = 0;
  std::vector<ListItem> items_;
};

}  // namespace

std::string resolve_path(const std::string& root, const std::string& name, const std::string& extension) {
  fs::path path = fs::path(name).is_absolute() ? fs::path(name) : fs::path(root) / name;
  std::error_code ignored;
  if (!extension.empty() && !path.has_extension() && !fs::is_regular_file(path, ignored)) path += extension;
  return path.string();
}

std::vector<ListItem> read_list(const std::string& file, std::string root, const ListFormat& format) {
  if (root.empty()) root = fs::path(file).parent_path().string();
  if (root.empty()) root = ".";
  return ListReader(file, root, format).read();
}

std::vector<std::string> read_lines(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw ListError("/class_names", file, std::string(": can't be opened: ") + std::strerror(errno));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    if (line = trim(line); !line.empty()) lines.push_back(line);
  return lines;
}

}  // namespace vh::media
