// The files of a package: which names they may have, and the list of their checksums.
#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vhost {

inline constexpr const char* kChecksums = "checksums.txt";  // beside plugin.json; lists every file but itself
inline constexpr size_t kMaxFiles = 10000, kMaxPath = 200, kMaxDepth = 16;

// The names of one package, so that it unpacks alike on every file system.
class Names {
 public:
  // A file's path within the package, or a folder's. Throws Error, beginning with `where`, unless each of its names is
  // of A-Z a-z 0-9 . _ - + , begins with no dot or hyphen and ends with no dot, and none of them was added before, in
  // this or another case. (A folder may come again as part of a path.)
  void add(std::string_view path, bool is_folder, const std::string& where);

 private:
  struct Known {
    std::string path;
    bool is_folder, is_listed;
  };
  void add_part(const std::string& path, bool is_folder, bool is_listed, const std::string& where);
  std::map<std::string, Known> known_;  // by the path in lower case
};

struct PackageFile {
  std::string path;  // within the package, "manifests/train.json"
  uint64_t size = 0;
  std::string sha256;
};

// Every regular file below the folder but checksums.txt, sorted by path. Throws Error for a link, a device, a name that
// isn't portable, more than kMaxFiles files.
std::vector<PackageFile> list_files(const std::filesystem::path& folder);

// "<sha256>  <path>" per line, sorted, as `sha256sum -c` reads it.
std::string checksums_text(const std::vector<PackageFile>& files);
std::map<std::string, std::string> parse_checksums(std::string_view text, const std::string& file);  // path -> sha256

// What differs between `listed` and the files there are: changed, missing and unlisted ones, one line each.
std::vector<std::string> compare_files(const std::map<std::string, std::string>& listed,
                                       const std::vector<PackageFile>& files);

}  // namespace vhost
