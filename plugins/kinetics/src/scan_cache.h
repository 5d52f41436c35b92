// The scan of all files of a list, kept between runs in one file of cache_dir.
#pragma once
#include <vhost/media/source.h>

#include <memory>
#include <string>
#include <vector>

#include "video_index.h"

namespace kinetics {

using vh::media::Cancelled;
using vh::media::Hooks;
inline Hooks inline_hooks() {  // one thread, silent
  return {};
}

// An entry is good while path, size and time of change are the same. Written to a temporary name and renamed; a lock
// file lets one process of a machine build it while the others wait. A malformed file is rebuilt with a note; an
// unwritable folder means the scan is kept in memory only, with a note.
class ScanCache {
 public:
  // Throws Cancelled.
  ScanCache(const std::vector<std::string>& paths, const std::string& cache_dir, ScanMode mode, const Hooks& hooks);
  ~ScanCache();
  ScanCache(const ScanCache&) = delete;
  ScanCache& operator=(const ScanCache&) = delete;

  // [any thread] The index of file i; index.error says why it can't be read.
  VideoIndex index(size_t i) const;
  int64_t scanned() const { return scanned_; }  // files that had to be scanned by this object

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  int64_t scanned_ = 0;
};

}  // namespace kinetics
