#include "keymaps/pattern.h"

#include <algorithm>
#include <set>

#include "base/json.h"

namespace vhost {

namespace {

std::vector<std::string> alternatives_of(const std::string& name, const std::string& text, const Variables& variables) {
  if (name == "i" || name == "j") return {};
  const auto known = variables.find(name);
  if (known == variables.end() || known->second.empty())
    throw Error(quote(text) + ": {" + name +
                "} isn't among the map's \"variables\"; {i} and {j} stand for numbers, {head} in \"to\" for the head's "
                "name");
  return known->second;
}

}  // namespace

KeyPattern::KeyPattern(std::string_view text, const Variables& variables) : text_(text) {
  for (size_t at = 0; at < text.size();) {
    const size_t open = std::min(text.find('{', at), text.size());
    if (open > at) pieces_.push_back({std::string(text.substr(at, open - at)), {}, {}});
    if (open == text.size()) break;
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) throw Error(quote(text) + ": { without }");
    const std::string name(text.substr(open + 1, close - open - 1));
    pieces_.push_back({{}, name, alternatives_of(name, text_, variables)});
    at = close + 1;
  }
}

bool KeyPattern::match_from(size_t index, std::string_view rest, Bindings& bindings) const {
  if (index == pieces_.size()) return rest.empty();
  const Piece& piece = pieces_[index];
  const auto take = [&](const std::string& word) {
    return rest.substr(0, word.size()) == word && match_from(index + 1, rest.substr(word.size()), bindings);
  };
  if (piece.variable.empty()) return take(piece.literal);
  if (const auto bound = bindings.find(piece.variable); bound != bindings.end()) return take(bound->second);
  std::vector<std::string> words = piece.stand_in;
  if (words.empty()) {
    const size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (digits > 0) words.emplace_back(rest.substr(0, digits));
  }
  for (const std::string& word : words) {
    bindings[piece.variable] = word;
    if (take(word)) return true;
    bindings.erase(piece.variable);
  }
  return false;
}

std::optional<Bindings> KeyPattern::match(std::string_view name) const {
  Bindings bindings;
  if (!match_from(0, name, bindings)) return std::nullopt;
  return bindings;
}

std::string KeyPattern::fill(const Bindings& bindings) const {
  std::string name;
  for (const Piece& piece : pieces_)
    name += piece.variable.empty() ? piece.literal : bindings.find(piece.variable)->second;
  return name;
}

std::vector<std::string> KeyPattern::variables() const {
  std::set<std::string> names;
  for (const Piece& piece : pieces_)
    if (!piece.variable.empty()) names.insert(piece.variable);
  return {names.begin(), names.end()};
}

}  // namespace vhost
