// Package archives: one zstd stream around a tar of regular files and folders.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/contents.h"

namespace vhost {

// At most this is taken out of an archive. The ratio of unpacked to packed bytes is judged beyond the first 16 MiB.
struct ArchiveLimits {
  uint64_t unpacked = uint64_t{1} << 30;
  uint64_t ratio = 200;
};

struct ArchiveEntry {
  std::string path;  // without a trailing slash
  bool is_folder = false;
  uint64_t size = 0;
};

// Reads an archive from front to back. Whatever its bytes are, it throws Error, naming the file and what is wrong,
// before it hands out an entry that is no regular file or folder, whose path isn't portable, leads out or came before,
// or that passes a limit. Holds at most the decoder's window (128 MiB) and one block of data.
class ArchiveReader {
 public:
  ArchiveReader(const std::filesystem::path& file, const ArchiveLimits& limits);
  ~ArchiveReader();

  std::optional<ArchiveEntry> next();
  void read(const std::function<void(std::string_view)>& consume);  // the data of the entry that next() gave

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Writes files of `folder` as <prefix>/<path>, and then <prefix>/checksums.txt, into a tar.zst that depends on nothing
// but their names and bytes. Written under a hidden name and renamed. Throws Error, also if a file isn't as listed.
void write_archive(const std::filesystem::path& archive, const std::filesystem::path& folder, const std::string& prefix,
                   const std::vector<PackageFile>& files);

}  // namespace vhost
