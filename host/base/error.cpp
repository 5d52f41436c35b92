#include "base/error.h"

#include <algorithm>
#include <cctype>

namespace vhost {
namespace {

std::string place_and_pointer(const Location& location, const std::string& pointer) {
  std::string text = location.str();
  if (!text.empty()) text += ": ";
  if (!pointer.empty()) text += pointer + ": ";
  return text;
}

std::string lower(const std::string& word) {
  std::string out = word;
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// Optimal string alignment: insert, delete, replace, swap of neighbours.
size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(now);
  }
  return last[b.size()];
}

bool one_begins_the_other(const std::string& a, const std::string& b) {
  const size_t n = std::min(a.size(), b.size());
  return n >= 3 && a.compare(0, n, b, 0, n) == 0;
}

}  // namespace

std::string Location::str() const {
  std::string text = file;
  if (line > 0) text += ":" + std::to_string(line);
  if (line > 0 && column > 0) text += ":" + std::to_string(column);
  return text;
}

Error::Error(const Location& location, std::string json_pointer, std::string message)
    : std::runtime_error(place_and_pointer(location, json_pointer) + message),
      message_(std::move(message)),
      json_pointer_(std::move(json_pointer)),
      location_(location) {}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  constexpr size_t kLongest = 100;
  if (word.empty() || word.size() > kLongest) return "";
  const std::string wanted = lower(word);
  const size_t limit = std::max<size_t>(1, word.size() / 3);
  const std::string* best = nullptr;
  const std::string* begins = nullptr;
  size_t best_distance = limit + 1;
  for (const std::string& candidate : known) {
    if (candidate.size() > kLongest) continue;
    const std::string have = lower(candidate);
    const size_t distance = edit_distance(wanted, have);
    if (distance < best_distance && distance < std::max(wanted.size(), have.size())) {
      best = &candidate;
      best_distance = distance;
    }
    if (!begins && one_begins_the_other(wanted, have)) begins = &candidate;
  }
  if (!best) best = begins;
  return best ? " (did you mean \"" + *best + "\"?)" : "";
}

}  // namespace vhost
