#include "scan_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vhost/random.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>

namespace kinetics {
namespace {

constexpr uint64_t kScanRevision = 3;            // raised whenever scan_video would say something else about a file
constexpr uint64_t kMagic = 0x314e4143534b4856;  // "VHKSCAN1"

struct Header {
  uint64_t magic, count, bytes, hash;
};
struct Entry {
  uint64_t path_hash;
  int64_t size, mtime;
  uint64_t offset, length;  // of the record, from the file's beginning
};

struct FileState {
  int64_t size = -1, mtime = 0;
  std::string problem;
};

FileState state_of(const std::string& path) {
  struct stat s;
  if (::stat(path.c_str(), &s) != 0) return {-1, 0, std::string("can't be opened: ") + std::strerror(errno)};
  if (!S_ISREG(s.st_mode)) return {-1, 0, "is not a regular file"};
  if (s.st_size == 0) return {0, 0, "is empty (0 bytes)"};
  return {s.st_size, s.st_mtim.tv_sec * 1000000000 + s.st_mtim.tv_nsec, ""};
}

uint64_t hash_bytes(const uint8_t* data, size_t size) {
  uint64_t h = vh_mix64(size);
  for (; size >= 8; data += 8, size -= 8) {
    uint64_t word;
    std::memcpy(&word, data, 8);
    h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    h ^= h >> 29;
  }
  uint64_t word = 0;
  std::memcpy(&word, data, size);
  return vh_mix64(h ^ word);
}

// A file mapped for reading; empty if it isn't there.
class Mapping {
 public:
  Mapping() = default;
  explicit Mapping(const std::string& path) {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    struct stat s;
    if (::fstat(fd, &s) == 0 && s.st_size > 0) {
      void* p = ::mmap(nullptr, static_cast<size_t>(s.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
      if (p != MAP_FAILED) data_ = static_cast<const uint8_t*>(p), size_ = static_cast<size_t>(s.st_size);
    }
    ::close(fd);
  }
  ~Mapping() {
    if (data_) ::munmap(const_cast<uint8_t*>(data_), size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

// The entries of a well-formed cache file, or NULL.
const Entry* entries_of(const uint8_t* data, size_t size) {
  Header header;
  if (size < sizeof header) return nullptr;
  std::memcpy(&header, data, sizeof header);
  size_t rest = size - sizeof header;
  if (header.magic != kMagic || header.bytes != rest || header.count > rest / sizeof(Entry)) return nullptr;
  if (hash_bytes(data + sizeof header, rest) != header.hash) return nullptr;
  const auto* entries = reinterpret_cast<const Entry*>(data + sizeof header);
  for (uint64_t i = 0; i < header.count; ++i)
    if (entries[i].offset > size || entries[i].length > size - entries[i].offset) return nullptr;
  return entries;
}

uint64_t count_of(const uint8_t* data) {
  Header header;
  std::memcpy(&header, data, sizeof header);
  return header.count;
}

class Lock {
 public:
  Lock(const std::string& path, const Hooks& hooks) : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    bool told = false;
    while (fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) return;
      if (!told) hooks.note("waiting for another process that scans the same list");
      told = true;
      if (hooks.cancelled()) throw_cancelled();
      ::usleep(50000);
    }
  }
  ~Lock() {
    if (fd_ >= 0) ::close(fd_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  [[noreturn]] void throw_cancelled() {
    ::close(fd_);
    fd_ = -1;
    throw Cancelled("scanning videos");
  }
  int fd_;
};

// Writes to a temporary name, syncs, renames. Empty = done, else why not.
std::string write_whole(const std::string& path, const std::string& bytes) {
  std::string temporary = path + "." + std::to_string(::getpid()) + ".tmp";
  int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return std::strerror(errno);
  std::string why;
  for (size_t done = 0; done < bytes.size() && why.empty();) {
    ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (n > 0)
      done += static_cast<size_t>(n);
    else if (n < 0 && errno != EINTR)
      why = std::strerror(errno);
  }
  if (why.empty() && ::fsync(fd) != 0) why = std::strerror(errno);
  ::close(fd);
  if (why.empty() && ::rename(temporary.c_str(), path.c_str()) != 0) why = std::strerror(errno);
  if (!why.empty()) ::unlink(temporary.c_str());
  return why;
}

}  // namespace

struct ScanCache::Impl {
  std::unique_ptr<Mapping> mapping = std::make_unique<Mapping>();
  std::string memory;  // instead of the mapping, where the folder can't be written
  const uint8_t* data = nullptr;
  const Entry* entries = nullptr;

  const std::vector<std::string>& paths;
  const Hooks& hooks;
  std::string file;
  uint64_t salt = 0;
  std::vector<FileState> states;

  Impl(const std::vector<std::string>& p, const Hooks& h) : paths(p), hooks(h) {}

  uint64_t hash_of(size_t i) const { return vh_hash2(vh_hash_text(paths[i].c_str()), salt); }
  bool is_current(const Entry& entry, size_t i) const {
    return entry.path_hash == hash_of(i) && entry.size == states[i].size && entry.mtime == states[i].mtime;
  }

  // True if the file exists, is well-formed and holds every path as it is now.
  bool open() {
    entries = nullptr;
    mapping = std::make_unique<Mapping>(file);
    if (!mapping->data()) return false;
    entries = entries_of(mapping->data(), mapping->size());
    if (!entries) {
      hooks.note("the scan cache " + file + " is damaged and will be rebuilt");
      mapping = std::make_unique<Mapping>();
      return false;
    }
    data = mapping->data();
    if (count_of(data) != paths.size()) return false;
    for (size_t i = 0; i < paths.size(); ++i)
      if (!is_current(entries[i], i)) return false;
    return true;
  }

  int64_t build(ScanMode mode) {
    std::vector<std::string> records(paths.size());
    std::vector<size_t> wanted;
    for (size_t i = 0; i < paths.size(); ++i) {
      if (entries && i < count_of(data) && is_current(entries[i], i)) {
        records[i].assign(reinterpret_cast<const char*>(data + entries[i].offset), entries[i].length);
      } else {
        wanted.push_back(i);
      }
    }
    scan(wanted, records, mode);
    store(records);
    return static_cast<int64_t>(wanted.size());
  }

  void scan(const std::vector<size_t>& wanted, std::vector<std::string>& records, ScanMode mode) {
    std::atomic<int64_t> done = 0;
    std::mutex report;
    auto total = static_cast<int64_t>(wanted.size());
    hooks.parallel(total, [&](int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end && !hooks.cancelled(); ++k) {
        size_t i = wanted[static_cast<size_t>(k)];
        VideoIndex index;
        if (states[i].problem.empty())
          index = scan_video(paths[i], mode);
        else
          index.error = states[i].problem;
        records[i] = pack_index(index);
        std::lock_guard lock(report);
        hooks.progress("scanning videos", ++done, total);
      }
    });
    if (hooks.cancelled()) throw Cancelled("scanning videos");
  }

  void store(const std::vector<std::string>& records) {
    std::vector<Entry> table(paths.size());
    uint64_t offset = sizeof(Header) + sizeof(Entry) * table.size();
    for (size_t i = 0; i < table.size(); ++i) {
      table[i] = {hash_of(i), states[i].size, states[i].mtime, offset, records[i].size()};
      offset += records[i].size();
    }
    std::string bytes(sizeof(Header), '\0');
    bytes.reserve(offset);
    bytes.append(reinterpret_cast<const char*>(table.data()), sizeof(Entry) * table.size());
    for (const auto& record : records) bytes += record;
    const auto* body = reinterpret_cast<const uint8_t*>(bytes.data()) + sizeof(Header);
    Header header{kMagic, table.size(), bytes.size() - sizeof(Header), hash_bytes(body, bytes.size() - sizeof(Header))};
    std::memcpy(bytes.data(), &header, sizeof header);
    std::string why = file.empty() ? "no cache folder" : write_whole(file, bytes);
    if (why.empty() && open()) return;
    if (!why.empty() && !file.empty()) hooks.note("the scan is not kept: " + file + ": " + why);
    memory = std::move(bytes);
    data = reinterpret_cast<const uint8_t*>(memory.data());
    entries = reinterpret_cast<const Entry*>(data + sizeof(Header));
  }
};

ScanCache::ScanCache(const std::vector<std::string>& paths, const std::string& cache_dir, ScanMode mode,
                     const Hooks& hooks)
    : impl_(std::make_unique<Impl>(paths, hooks)) {
  Impl& impl = *impl_;
  impl.salt = vh_hash4(kScanRevision, static_cast<uint64_t>(mode), avformat_version(), avcodec_version());
  impl.states.resize(paths.size());
  hooks.parallel(static_cast<int64_t>(paths.size()), [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) impl.states[i] = state_of(paths[i]);
  });
  std::error_code failed;
  if (!cache_dir.empty()) std::filesystem::create_directories(cache_dir, failed);
  if (!cache_dir.empty()) {
    uint64_t name = impl.salt;
    for (const auto& path : paths) name = vh_hash2(name, vh_hash_text(path.c_str()));
    char text[32];
    std::snprintf(text, sizeof text, "scan-%016llx", static_cast<unsigned long long>(name));
    impl.file = cache_dir + "/" + text;
  }
  if (!impl.file.empty() && impl.open()) return;
  if (impl.file.empty()) {
    scanned_ = impl.build(mode);
    return;
  }
  Lock lock(impl.file + ".lock", hooks);
  if (!impl.open()) scanned_ = impl.build(mode);
}

ScanCache::~ScanCache() = default;

VideoIndex ScanCache::index(size_t i) const {
  const Entry& entry = impl_->entries[i];
  return unpack_index(impl_->data + entry.offset, entry.length);
}

}  // namespace kinetics
