// Patterns of tensor names: "blocks.{i}.mlp.fc1.{wb}".
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vhost {

// What variables may stand for: {"wb", {"weight", "bias"}}. {i} and {j} stand for whole numbers and aren't in it.
using Variables = std::map<std::string, std::vector<std::string>, std::less<>>;
using Bindings = std::map<std::string, std::string, std::less<>>;

class KeyPattern {
 public:
  // Throws Error saying what is wrong with the text.
  KeyPattern(std::string_view text, const Variables& variables);

  const std::string& text() const { return text_; }
  // Of a whole name; a variable that comes twice must stand for the same. nullopt = it doesn't match.
  std::optional<Bindings> match(std::string_view name) const;
  // The name that the bindings give, which hold every variable of the pattern.
  std::string fill(const Bindings& bindings) const;
  std::vector<std::string> variables() const;  // sorted, each once

 private:
  struct Piece {
    std::string literal;                // or
    std::string variable;               // if not empty
    std::vector<std::string> stand_in;  // empty = a number
  };
  bool match_from(size_t piece, std::string_view rest, Bindings& bindings) const;

  std::string text_;
  std::vector<Piece> pieces_;
};

}  // namespace vhost
