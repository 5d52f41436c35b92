#include "checkpoint/file/zip_file.h"

#include "base/json.h"

namespace vhost {

namespace {

constexpr uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                   kLocator64 = 0x07064b50;
constexpr size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20;
constexpr uint64_t kIn64 = 0xffffffff;  // "see the zip64 field"

constexpr const char* kCutShort = ": the zip's list of contents is missing: the file is cut or damaged; fetch it again";

struct Directory {
  uint64_t at = 0, size = 0, entries = 0;
};

struct Entry {
  std::string_view name;
  uint64_t size = 0, packed_size = 0, header = 0;
  unsigned flags = 0, method = 0;
};

class ZipReader {
 public:
  ZipReader(Bytes file, const std::string& name) : file_(file), name_(name) {}

  std::map<std::string_view, ZipEntry> entries() const {
    const Directory directory = find_directory();
    std::map<std::string_view, ZipEntry> found;
    uint64_t at = directory.at;
    for (uint64_t i = 0; i < directory.entries; ++i) {
      const Entry entry = central_entry(at, directory.at + directory.size);
      if (!found.emplace(entry.name, ZipEntry{contents(entry), entry.method}).second) fail(entry, "is there twice");
    }
    return found;
  }

 private:
  [[noreturn]] void fail_at(uint64_t at, const std::string& what) const {
    throw Error(name_ + ": byte " + std::to_string(at) + ": " + what + ": the file is damaged; fetch it again");
  }
  [[noreturn]] void fail(const Entry& entry, const std::string& what) const {
    throw Error(name_ + ": zip entry " + quote(entry.name) + " " + what);
  }
  uint64_t number(uint64_t at, size_t n) const { return little_endian(file_, at, n); }

  uint64_t find_end() const {
    if (file_.size() < kEndSize) throw Error(name_ + kCutShort);
    const uint64_t last = file_.size() - kEndSize, first = last > 0xffff ? last - 0xffff : 0;
    for (uint64_t at = last + 1; at-- > first;)
      if (number(at, 4) == kEnd && number(at + 20, 2) == last - at) return at;
    throw Error(name_ + kCutShort);
  }

  Directory find_directory() const {
    const uint64_t end = find_end();
    Directory directory{number(end + 16, 4), number(end + 12, 4), number(end + 10, 2)};
    if (end >= kLocatorSize && number(end - kLocatorSize, 4) == kLocator64) {
      const uint64_t at = number(end - kLocatorSize + 8, 8);
      if (!lies_in(at, kEnd64Size, end) || number(at, 4) != kEnd64)
        fail_at(end - kLocatorSize, "no zip64 end record where the zip says");
      directory = {number(at + 48, 8), number(at + 40, 8), number(at + 32, 8)};
    }
    if (!lies_in(directory.at, directory.size, end)) fail_at(end, "the zip's list of contents lies outside the file");
    return directory;
  }

  // Moves `at` behind it.
  Entry central_entry(uint64_t& at, uint64_t end) const {
    if (!lies_in(at, kCentralSize, end) || number(at, 4) != kCentral) fail_at(at, "an entry of the zip is wanted here");
    const uint64_t name_size = number(at + 28, 2), extra_size = number(at + 30, 2), comment_size = number(at + 32, 2);
    if (!lies_in(at + kCentralSize, name_size + extra_size + comment_size, end))
      fail_at(at, "an entry of the zip goes beyond the list of contents");
    Entry entry;
    entry.flags = static_cast<unsigned>(number(at + 8, 2));
    entry.method = static_cast<unsigned>(number(at + 10, 2));
    entry.packed_size = number(at + 20, 4), entry.size = number(at + 24, 4), entry.header = number(at + 42, 4);
    entry.name = file_.substr(at + kCentralSize, name_size);
    read_zip64(entry, at + kCentralSize + name_size, extra_size);
    at += kCentralSize + name_size + extra_size + comment_size;
    return entry;
  }

  // The fields that were too large for 32 bits, in this order (APPNOTE 4.5.3).
  void read_zip64(Entry& entry, uint64_t at, uint64_t size) const {
    while (size >= 4) {
      const uint64_t id = number(at, 2), length = number(at + 2, 2);
      at += 4, size -= 4;
      if (length > size) return;
      if (id == 1) {
        uint64_t from = at;
        for (uint64_t* field : {&entry.size, &entry.packed_size, &entry.header}) {
          if (*field != kIn64) continue;
          if (!lies_in(from, 8, at + length)) fail(entry, "has a zip64 field that is too short: the file is damaged");
          *field = number(from, 8), from += 8;
        }
      }
      at += length, size -= length;
    }
  }

  Bytes contents(const Entry& entry) const {
    if (entry.flags & 1) fail(entry, "is encrypted, which torch.save never does");
    if (entry.method == 0 && entry.size != entry.packed_size)
      fail(entry, "is stored and has two sizes: the file is damaged");
    if (!lies_in(entry.header, kLocalSize, file_.size()) || number(entry.header, 4) != kLocal)
      fail(entry, "does not begin where the zip says: the file is cut or damaged; fetch it again");
    const uint64_t name_size = number(entry.header + 26, 2);
    const uint64_t at = entry.header + kLocalSize + name_size + number(entry.header + 28, 2);
    if (!lies_in(at, entry.packed_size, file_.size()))
      fail(entry, "goes beyond the file: it is cut or damaged; fetch it again");
    if (file_.substr(entry.header + kLocalSize, name_size) != entry.name)
      fail(entry, "has another name at its place: the file is damaged");
    return file_.substr(at, entry.packed_size);
  }

  Bytes file_;
  const std::string& name_;
};

}  // namespace

bool looks_like_zip(Bytes file) {
  return file.size() >= 4 && (little_endian(file, 0, 4) == kLocal || little_endian(file, 0, 4) == kEnd);
}

std::map<std::string_view, ZipEntry> zip_entries(Bytes file, const std::string& name) {
  return ZipReader(file, name).entries();
}

}  // namespace vhost
