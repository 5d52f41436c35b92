// What a download consists of: archives, some of them split into parts, videos and tables.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace vhost {

struct SourceArchive {
  std::string name;                          // "k400.tar.gz", also of one in parts
  std::vector<std::filesystem::path> parts;  // in order; one if it isn't split
};

struct Sources {
  std::vector<SourceArchive> archives;
  std::vector<std::filesystem::path> videos, tables;
  std::filesystem::path root;         // that the videos' folders are told from
  std::vector<std::string> problems;  // parts that are missing
};

// `source` is an archive, any part of a split one (x.tar.gz.aa, .00, .part1), the name before the parts, or a folder.
// `out` isn't looked into. Throws Error if there is nothing.
Sources find_sources(const std::filesystem::path& source, const std::filesystem::path& out);

}  // namespace vhost
