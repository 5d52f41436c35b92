#include "prepare/sources.h"

#include <algorithm>
#include <map>
#include <regex>

#include "base/error.h"
#include "prepare/annotations.h"
#include "prepare/media_archive.h"

namespace vhost {
namespace fs = std::filesystem;

namespace {

struct PartName {
  std::string archive, mark;  // "x.tar.gz", "aa"
  int64_t number = 0;         // of the mark, in order
};

// "x.tar.gz.aa", "x.tar.gz.001", "x.tar.gz.part2"; archive "" = no part.
PartName part_name(const std::string& name) {
  static const std::regex pattern("(.+)\\.((?:part)?(?:[a-z]{2,3}|[0-9]{1,4}))");
  std::smatch match;
  if (is_archive_name(name) || !std::regex_match(name, match, pattern) || !is_archive_name(match[1])) return {};
  PartName part{match[1], match[2], 0};
  std::string mark = part.mark;
  if (mark.starts_with("part") && mark.size() > 4) mark = mark.substr(4);
  for (const char c : mark)
    part.number = std::isdigit(static_cast<unsigned char>(c)) ? part.number * 10 + c - '0' : part.number * 26 + c - 'a';
  return part;
}

using Parts = std::map<int64_t, fs::path>;

void add_split(Sources& sources, const std::string& archive, const Parts& parts) {
  const int64_t first = parts.begin()->first;
  SourceArchive whole{archive, {}};
  int64_t wanted = first > 1 ? 0 : first;
  for (const auto& [number, path] : parts) {
    if (number != wanted)
      return sources.problems.push_back(archive + ": a part is missing before " + path.filename().string() +
                                        ", so that none of it was read");
    whole.parts.push_back(path);
    ++wanted;
  }
  sources.archives.push_back(std::move(whole));
}

// part_0.tar.gz, part_2.tar.gz: one is missing.
void find_gaps(Sources& sources) {
  static const std::regex pattern("(.*?)([0-9]+)(\\.[a-z.]+)");
  std::map<std::pair<std::string, std::string>, std::map<int64_t, std::string>> rows;
  for (const SourceArchive& archive : sources.archives) {
    const fs::path path = archive.parts[0].parent_path() / archive.name;
    std::smatch match;
    const std::string text = path.string();
    if (std::regex_match(text, match, pattern) && match[2].length() < 7)
      rows[{match[1], match[3]}][std::stoll(match[2])] = text;
  }
  for (const auto& [around, numbers] : rows) {
    int64_t before = -1;
    for (const auto& entry : numbers) {
      for (int64_t gap = before + 1; before >= 0 && gap < entry.first; ++gap)
        sources.problems.push_back(around.first + std::to_string(gap) + around.second + ": is missing");
      before = entry.first;
    }
  }
}

bool is_table(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".csv" || extension == ".txt";
}

void sort_in(Sources& sources, std::map<fs::path, Parts>& split, const fs::path& path) {
  const std::string name = path.filename().string();
  if (const PartName part = part_name(name); !part.archive.empty())
    split[path.parent_path() / part.archive][part.number] = path;
  else if (is_archive_name(name))
    sources.archives.push_back({name, {path}});
  else if (is_video_name(name))
    sources.videos.push_back(path);
  else if (is_table(path))
    sources.tables.push_back(path);
}

// All parts of the archive that a part, or the name before the parts, belongs to.
Parts parts_beside(const fs::path& path, const std::string& archive) {
  Parts parts;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
    if (const PartName part = part_name(entry.path().filename().string()); part.archive == archive)
      parts[part.number] = entry.path();
  return parts;
}

void search(Sources& sources, const fs::path& folder, const fs::path& out) {
  std::vector<fs::path> files;
  std::error_code ignored;
  const fs::path skipped = fs::weakly_canonical(out, ignored);
  for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator(); ++entry) {
    if (entry->is_directory() && fs::weakly_canonical(entry->path(), ignored) == skipped)
      entry.disable_recursion_pending();
    else if (entry->is_regular_file(ignored))
      files.push_back(entry->path());
  }
  std::ranges::sort(files);
  std::map<fs::path, Parts> split;
  for (const fs::path& file : files) sort_in(sources, split, file);
  for (const auto& [archive, parts] : split) add_split(sources, archive.filename().string(), parts);
}

}  // namespace

Sources find_sources(const fs::path& source, const fs::path& out) try {
  Sources sources;
  sources.root = source;
  std::error_code ignored;
  if (fs::is_directory(source, ignored)) {
    search(sources, source, out);
    find_gaps(sources);
    if (sources.archives.empty() && sources.videos.empty() && sources.problems.empty())
      throw Error(source.string() + ": holds neither archives (.tar.gz, .tar, .zip, ...) nor videos");
    return sources;
  }
  const std::string name = source.filename().string();
  const bool there = fs::exists(source, ignored);
  const PartName part = part_name(name);
  if (there && part.archive.empty()) {
    sources.archives.push_back({name, {source}});
    return sources;
  }
  const std::string archive = part.archive.empty() ? name : part.archive;
  const Parts parts = parts_beside(source, archive);
  if (parts.empty()) throw Error(source.string() + ": no such file or folder");
  add_split(sources, archive, parts);
  return sources;
} catch (const fs::filesystem_error& error) {
  throw Error(error.path1().string() + ": can't be read: " + error.code().message());
}

}  // namespace vhost
