#include <algorithm>
#include <array>
#include <optional>

#include "plugins/package.h"

namespace vhost {
namespace {

struct Version {
  std::array<uint64_t, 3> number{};
  std::vector<std::string> pre;  // identifiers of the pre-release
};

// A version of which the last numbers may be missing: "1", "1.x", "*".
struct Partial {
  Version version;
  int given = 0;  // how many numbers
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_identifier(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}
bool is_numeric(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool done() const { return at_ == text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  bool take(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  bool spaces() {
    const size_t from = at_;
    while (peek() == ' ' || peek() == '\t') ++at_;
    return at_ > from;
  }

  // "0" or digits without a leading zero, at most 15 of them.
  std::optional<uint64_t> number() {
    size_t end = at_;
    while (end < text_.size() && is_digit(text_[end])) ++end;
    const std::string_view digits = text_.substr(at_, end - at_);
    if (digits.empty() || digits.size() > 15 || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
    uint64_t value = 0;
    for (const char c : digits) value = value * 10 + static_cast<uint64_t>(c - '0');
    at_ = end;
    return value;
  }

  // Identifiers separated by dots. Numeric ones of a pre-release have no leading zero.
  bool identifiers(std::vector<std::string>& out, bool pre_release) {
    do {
      std::string word;
      while (is_identifier(peek())) word += text_[at_++];
      if (word.empty() || (pre_release && is_numeric(word) && word.size() > 1 && word[0] == '0')) return false;
      out.push_back(std::move(word));
    } while (take("."));
    return true;
  }

  bool suffixes(Version& version) {
    std::vector<std::string> build;
    if (take("-") && !identifiers(version.pre, /*pre_release=*/true)) return false;
    return !take("+") || identifiers(build, /*pre_release=*/false);
  }

  std::optional<Partial> partial() {
    Partial p;
    bool wild = false;
    for (int i = 0; i < 3; ++i) {
      if (i && !take(".")) break;
      if (take("*") || take("x") || take("X")) {
        wild = true;
        continue;
      }
      const auto n = number();
      if (!n || wild) return std::nullopt;
      p.version.number[i] = *n;
      p.given = i + 1;
    }
    if (p.given == 3 && !suffixes(p.version)) return std::nullopt;
    return p;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

Version parse_version(const std::string& text) {
  Reader reader(text);
  const auto p = reader.partial();
  if (!p || p->given != 3 || !reader.done())
    throw Error("\"" + text + "\" is no version: MAJOR.MINOR.PATCH is wanted, e.g. \"1.0.0\" or \"1.0.0-rc.1\"");
  return p->version;
}

int compare_numbers(const std::string& a, const std::string& b) {  // of any length, without leading zeros
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

int compare_identifiers(const std::string& a, const std::string& b) {
  const bool a_number = is_numeric(a), b_number = is_numeric(b);
  if (a_number && b_number) return compare_numbers(a, b);
  if (a_number != b_number) return a_number ? -1 : 1;
  return a.compare(b);
}

int compare(const Version& a, const Version& b) {
  for (int i = 0; i < 3; ++i)
    if (a.number[i] != b.number[i]) return a.number[i] < b.number[i] ? -1 : 1;
  if (a.pre.empty() || b.pre.empty()) return static_cast<int>(a.pre.empty()) - static_cast<int>(b.pre.empty());
  for (size_t i = 0; i < a.pre.size() && i < b.pre.size(); ++i)
    if (const int order = compare_identifiers(a.pre[i], b.pre[i])) return order < 0 ? -1 : 1;
  return a.pre.size() < b.pre.size() ? -1 : a.pre.size() > b.pre.size();
}

struct Bound {
  enum Kind { kAtLeast, kAbove, kBelow, kAtMost, kNever } kind;
  Version version;

  bool holds(const Version& v) const {
    const int order = compare(v, version);
    switch (kind) {
      case kAtLeast:
        return order >= 0;
      case kAbove:
        return order > 0;
      case kBelow:
        return order < 0;
      case kAtMost:
        return order <= 0;
      default:
        return false;
    }
  }
};
using Bounds = std::vector<Bound>;

// The first version that has number `i` one higher; with the lowest pre-release, so that "< 2" refuses 2.0.0-rc.1.
Version next(const Version& v, int i, bool lowest_pre_release) {
  Version up;
  for (int k = 0; k <= i; ++k) up.number[k] = v.number[k];
  ++up.number[i];
  if (lowest_pre_release) up.pre = {"0"};
  return up;
}

void add_span(Bounds& out, const Partial& p, int raised) {
  out.push_back({Bound::kAtLeast, p.version});
  out.push_back({Bound::kBelow, next(p.version, raised, /*lowest_pre_release=*/true)});
}

void add_caret(Bounds& out, const Partial& p) {
  int raised = 0;
  while (raised < p.given - 1 && p.version.number[raised] == 0) ++raised;
  add_span(out, p, raised);
}

void add_comparison(Bounds& out, const std::string& op, const Partial& p) {
  const bool full = p.given == 3;
  if (p.given == 0) {
    if (op == "<" || op == ">") out.push_back({Bound::kNever, {}});
    return;
  }
  if (op == "^") return add_caret(out, p);
  if (op == "~") return add_span(out, p, std::min(p.given - 1, 1));
  if (op == ">=") return out.push_back({Bound::kAtLeast, p.version});
  if (op == "<") {
    Version limit = p.version;
    if (!full) limit.pre = {"0"};
    return out.push_back({Bound::kBelow, limit});
  }
  if (op == ">") {
    if (full) return out.push_back({Bound::kAbove, p.version});
    return out.push_back({Bound::kAtLeast, next(p.version, p.given - 1, /*lowest_pre_release=*/false)});
  }
  if (op == "<=") {
    if (full) return out.push_back({Bound::kAtMost, p.version});
    return out.push_back({Bound::kBelow, next(p.version, p.given - 1, /*lowest_pre_release=*/true)});
  }
  if (!full) return add_span(out, p, p.given - 1);
  out.push_back({Bound::kAtLeast, p.version});
  out.push_back({Bound::kAtMost, p.version});
}

std::string read_operator(Reader& reader) {
  for (const char* op : {">=", "<=", ">", "<", "=", "^", "~"})
    if (reader.take(op)) return op;
  return "";
}

// One alternative: comparisons that must all hold, or "low - high". False = it can't be read.
bool read_alternative(Reader& reader, Bounds& out) {
  bool any = false;
  for (reader.spaces(); !reader.done() && reader.peek() != '|'; any = true) {
    const std::string op = read_operator(reader);
    reader.spaces();
    const auto low = reader.partial();
    if (!low) return false;
    const bool gap = reader.spaces();
    if (gap && op.empty() && reader.take("- ")) {
      reader.spaces();
      const auto high = reader.partial();
      if (!high) return false;
      add_comparison(out, ">=", *low);
      add_comparison(out, "<=", *high);
      reader.spaces();
    } else {
      add_comparison(out, op, *low);
      if (!gap && !reader.done() && reader.peek() != '|') return false;
    }
  }
  return any;
}

std::vector<Bounds> parse_range(const std::string& range) {
  Reader reader(range);
  std::vector<Bounds> alternatives;
  do {
    if (!read_alternative(reader, alternatives.emplace_back()))
      throw Error("\"" + range + "\" is no version range: \"^1.2\", \"~1.2.3\", \">=1.1 <2\", \"1.2.3\", \"*\" " +
                  "or alternatives with \"||\" are");
  } while (reader.take("||"));
  if (!reader.done()) throw Error("\"" + range + "\" is no version range: alternatives are separated by \"||\"");
  return alternatives;
}

bool in_bounds(const Version& v, const Bounds& bounds) {
  return std::ranges::all_of(bounds, [&](const Bound& bound) { return bound.holds(v); });
}

bool matches(const Version& v, const Bounds& bounds) {
  if (!in_bounds(v, bounds)) return false;
  bool pre_release_named = v.pre.empty();
  for (const Bound& bound : bounds) {
    const bool derived = bound.version.pre.size() == 1 && bound.version.pre[0] == "0" && bound.kind == Bound::kBelow;
    if (!bound.version.pre.empty() && !derived && bound.version.number == v.number) pre_release_named = true;
  }
  return pre_release_named;
}

}  // namespace

int compare_versions(const std::string& a, const std::string& b) {
  return compare(parse_version(a), parse_version(b));
}

bool version_matches(const std::string& version, const std::string& range) {
  const Version v = parse_version(version);
  for (const Bounds& bounds : parse_range(range))
    if (matches(v, bounds)) return true;
  return false;
}

bool version_in_bounds(const std::string& version, const std::string& range) {
  const Version v = parse_version(version);
  return std::ranges::any_of(parse_range(range), [&](const Bounds& bounds) { return in_bounds(v, bounds); });
}

}  // namespace vhost
