// The one exception of the host: what a person reads when something is refused.
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace vhost {

// Where a manifest value was set. line and column (in characters) count from 1; 0 = unknown. For --set: file is
// the whole "--set data.batch=0", line 0.
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
  std::string str() const;  // "exp.json:12:9", "--set data.batch=0", ""
};

// what() is the whole text: "exp.json:12:9: /data/batch: must be at least 1, not 0".
class Error : public std::runtime_error {
 public:
  explicit Error(std::string message) : std::runtime_error(message), message_(std::move(message)) {}
  Error(const Location& location, std::string json_pointer, std::string message);

  const std::string& message() const { return message_; }            // without place
  const std::string& json_pointer() const { return json_pointer_; }  // "" = none
  const Location& location() const { return location_; }
  int exit_code() const { return exit_code_; }  // 1 unless set
  Error& exit_code(int code) {
    exit_code_ = code;
    return *this;
  }

 private:
  std::string message_, json_pointer_;
  Location location_;
  int exit_code_ = 1;
};

// The nearest of `known` within a third of the word's length (case and swapped neighbours count little), or else one
// that begins the word or is begun by it, as " (did you mean \"x\"?)"; "" if none is near.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known);

}  // namespace vhost
