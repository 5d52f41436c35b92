#include "prepare/annotations.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

namespace vhost {
namespace fs = std::filesystem;

namespace {

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

std::string split_word(const std::string& word) {
  if (word == "train" || word == "training") return "train";
  if (word == "val" || word == "valid" || word == "validate" || word == "validation") return "val";
  return word == "test" || word == "testing" ? "test" : "";
}

// "kinetics400_train_list_videos.txt", "val.csv": of the first word that is one.
std::string split_of_file(const std::string& name) {
  std::string word;
  for (const char c : lower(name) + "_") {
    if (std::isalpha(static_cast<unsigned char>(c))) {
      word += c;
      continue;
    }
    if (const std::string split = split_word(word); !split.empty()) return split;
    word.clear();
  }
  return "";
}

// "train", "videos_train", "train_256", "k400-val", but not "training dog", which is a class.
std::string split_of_folder(const std::string& folder) {
  if (folder.find(' ') != folder.npos) return "";
  std::string name = lower(folder), split;
  for (char& c : name)
    if (c == '-' || c == '.') c = '_';
  for (size_t begin = 0; begin < name.size();) {
    const size_t end = std::min(name.find('_', begin), name.size());
    const std::string word = name.substr(begin, end - begin);
    begin = end + 1;
    if (const std::string found = split_word(word); !found.empty())
      split = found;
    else if (!word.starts_with("video") && !word.starts_with("kinetics") && !word.starts_with("k4") &&
             !word.starts_with("k6") && !word.starts_with("k7") && !all_digits(word) && word != "tar" && word != "gz" &&
             word != "part" && !word.ends_with("p"))
      return "";
  }
  return split;
}

// Folders that hold all classes' videos: of archives, and of the data set itself.
bool is_container(const std::string& folder) {
  const std::string name = lower(folder);
  for (const char* end : {".tar", ".gz", ".tgz", ".zst", ".xz", ".bz2", ".zip"})
    if (name.ends_with(end)) return true;
  for (const char* word : {"part_", "part-", "kinetics", "k400", "k600", "k700", "videos", "video", "raw", "data",
                           "compress", "tar", "clips"})
    if (name == word ||
        (name.starts_with(word) && name.find_first_not_of("0123456789_-", std::string(word).size()) == name.npos))
      return true;
  return name == "." || name == ".." || is_replacement(folder);
}

// Equal of names that only tools told apart: "Air_drumming" and "air drumming".
std::string spelling_of(const std::string& class_name) {
  std::string name = lower(class_name);
  std::ranges::replace(name, '_', ' ');
  return name;
}

std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"')
      cells.back() += line[++i];
    else if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      cells.emplace_back();
    else if (c != '\r')
      cells.back() += c;
  }
  return cells;
}

template <class Fn>
void each_line(std::string_view text, Fn fn) {
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    fn(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

// "abc_000010_000020" -> "abc"
std::string without_times(const std::string& stem) {
  const size_t n = stem.size();
  const bool times = n > 14 && stem[n - 7] == '_' && stem[n - 14] == '_' &&
                     all_digits(std::string_view(stem).substr(n - 6)) &&
                     all_digits(std::string_view(stem).substr(n - 13, 6));
  return times ? stem.substr(0, n - 14) : stem;
}

std::string six_digits(const std::string& seconds) {
  const std::string whole = seconds.substr(0, seconds.find('.'));
  return whole.size() < 6 ? std::string(6 - whole.size(), '0') + whole : whole;
}

}  // namespace

bool is_video_name(const std::string& name) {
  static const std::vector<std::string> known = {".mp4", ".mkv", ".webm", ".avi", ".mov", ".m4v",
                                                 ".flv", ".mpg", ".mpeg", ".wmv", ".3gp", ".ts"};
  const std::string file = fs::path(name).filename().string();
  return !file.starts_with("._") && std::ranges::find(known, lower(fs::path(file).extension().string())) != known.end();
}

bool is_replacement(const std::string& folder) {
  return lower(folder).starts_with("replacement_for_corrupted") || lower(folder) == "replacement";
}

VideoPlace place_of(const std::string& path) {
  VideoPlace place;
  const fs::path folders = fs::path(path).parent_path();
  for (const fs::path& folder : folders)
    if (const std::string split = split_of_folder(folder.string()); !split.empty()) place.split = split;
  const std::string own = folders.filename().string();
  if (!own.empty() && !is_container(own) && split_of_folder(own).empty()) place.class_name = own;
  return place;
}

std::string Annotations::key_of(const std::string& file_name) const {
  const std::string stem = fs::path(file_name).stem().string();
  if (places_.contains(stem)) return stem;
  const std::string id = without_times(stem);
  return places_.contains(id) ? id : "";
}

const VideoPlace* Annotations::find(const std::string& file_name) const {
  const auto entry = places_.find(key_of(file_name));
  return entry == places_.end() ? nullptr : &entry->second.place;
}

void Annotations::found(const std::string& file_name) {
  if (const auto entry = places_.find(key_of(file_name)); entry != places_.end()) entry->second.found = true;
}

std::vector<std::string> Annotations::missing() const {
  std::vector<std::string> names;
  for (const auto& [key, entry] : places_)
    if (!entry.found) names.push_back((entry.place.split.empty() ? "" : entry.place.split + "/") + key);
  return names;
}

std::set<std::string> Annotations::class_names() const {
  std::set<std::string> names;
  for (const auto& entry : places_)
    if (!entry.second.place.class_name.empty()) names.insert(entry.second.place.class_name);
  return names;
}

std::string Annotations::class_of_folder(const std::string& folder) const {
  const auto named = by_spelling_.find(spelling_of(folder));
  return named == by_spelling_.end() ? folder : named->second;
}

bool Annotations::add_csv(std::string_view text, const std::string& name, int64_t& added) {
  ptrdiff_t label = -1, id = -1, start = -1, end = -1, split = -1;
  bool first = true;
  each_line(text, [&](std::string_view line) {
    const std::vector<std::string> cells = cells_of(line);
    const auto at = [&](ptrdiff_t i) {
      return i >= 0 && i < std::ssize(cells) ? cells[static_cast<size_t>(i)] : std::string();
    };
    if (std::exchange(first, false)) {
      for (ptrdiff_t i = 0; i < std::ssize(cells); ++i) {
        const std::string column = lower(at(i));
        if (column == "label") label = i;
        if (column == "youtube_id") id = i;
        if (column == "time_start") start = i;
        if (column == "time_end") end = i;
        if (column == "split") split = i;
      }
      return;
    }
    if (id < 0 || at(id).empty()) return;
    const bool timed = !at(start).empty() && !at(end).empty();
    const std::string key = timed ? at(id) + "_" + six_digits(at(start)) + "_" + six_digits(at(end)) : at(id);
    std::string of = split_of_file(at(split));
    if (of.empty()) of = split_of_file(fs::path(name).stem().string());
    places_[key].place = {of, at(label), -1};
    if (!at(label).empty()) by_spelling_[spelling_of(at(label))] = at(label);
    ++added;
  });
  return id >= 0;
}

void Annotations::add_list(std::string_view text, const std::string& name, int64_t& added) {
  const std::string of = split_of_file(fs::path(name).stem().string());
  each_line(text, [&](std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    const size_t gap = line.find_last_of(" \t,");
    if (gap == line.npos || !all_digits(line.substr(gap + 1))) return;
    const std::string path(line.substr(0, gap));
    if (!is_video_name(path)) return;
    VideoPlace place = place_of(path);
    if (place.split.empty()) place.split = of;
    std::from_chars(line.data() + gap + 1, line.data() + line.size(), place.label);
    places_[fs::path(path).stem().string()].place = place;
    ++added;
  });
}

int64_t Annotations::add(std::string_view text, const std::string& name) {
  int64_t added = 0;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  if (!add_csv(text, name, added)) add_list(text, name, added);
  return added;
}

}  // namespace vhost
