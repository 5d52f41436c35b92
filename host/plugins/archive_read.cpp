#include <archive.h>
#include <archive_entry.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "plugins/archive.h"

namespace vhost {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kRatioFrom = uint64_t{16} << 20;

std::string kind_of(unsigned type) {
  switch (type) {
    case AE_IFLNK:
      return "a symbolic link";
    case AE_IFCHR:
    case AE_IFBLK:
      return "a device";
    case AE_IFIFO:
      return "a named pipe";
    case AE_IFSOCK:
      return "a socket";
    default:
      return "of an unknown kind";
  }
}

}  // namespace

struct ArchiveReader::Impl {
  std::unique_ptr<::archive, decltype(&::archive_read_free)> reader{::archive_read_new(), ::archive_read_free};
  std::string file;
  ArchiveLimits limits;
  uint64_t file_size = 0, unpacked = 0;
  size_t entries = 0;
  std::optional<ArchiveEntry> current;
  Names names;

  [[noreturn]] void refuse(const std::string& why) const { throw Error(file + ": " + why); }

  void check(int status) const {
    if (status == ARCHIVE_OK) return;
    const char* text = ::archive_error_string(reader.get());
    std::string why = text ? text : "no reason given";
    for (char& c : why)
      if (c < ' ' || c > '~') c = '?';
    if (why.starts_with("Pathname can't be converted"))
      refuse("holds a path that isn't portable: a-z, A-Z, 0-9, \".\", \"_\", \"-\" and \"+\" are allowed in a name");
    refuse("is no package archive, or a damaged one (a tar in one zstd stream is wanted): " + why);
  }

  // Against what was decompressed so far, headers and padding included.
  void check_expansion() const {
    const auto stream = static_cast<uint64_t>(std::max<la_int64_t>(0, ::archive_filter_bytes(reader.get(), 0)));
    const uint64_t limit = limits.unpacked + kMaxFiles * 2048;
    if (stream > limit) refuse("unpacks to more than " + std::to_string(limit) + " bytes; --max-size raises the limit");
    if (stream > kRatioFrom && stream / limits.ratio > file_size)
      refuse("unpacks to more than " + std::to_string(limits.ratio) + " times its size of " +
             std::to_string(file_size) + " bytes: no package does");
  }

  ArchiveEntry checked(::archive_entry* entry) {
    const char* name = ::archive_entry_pathname(entry);
    if (!name || !*name) refuse("an entry has no name");
    ArchiveEntry result{name, ::archive_entry_filetype(entry) == AE_IFDIR, 0};
    if (::archive_entry_hardlink(entry)) refuse(quote(result.path) + " is a hard link" + only_files());
    if (!result.is_folder && ::archive_entry_filetype(entry) != AE_IFREG)
      refuse(quote(result.path) + " is " + kind_of(::archive_entry_filetype(entry)) + only_files());
    if (::archive_entry_sparse_count(entry) > 0) refuse(quote(result.path) + " is a sparse file" + only_files());
    if (result.is_folder && result.path.ends_with('/')) result.path.pop_back();
    names.add(result.path, result.is_folder, file);
    if (!result.is_folder) check_size(entry, result);
    return result;
  }

  void check_size(::archive_entry* entry, ArchiveEntry& result) {
    const la_int64_t size = ::archive_entry_size_is_set(entry) ? ::archive_entry_size(entry) : -1;
    if (size < 0) refuse(quote(result.path) + " has no size");
    result.size = static_cast<uint64_t>(size);
    if (result.size > limits.unpacked - unpacked)
      refuse("unpacks to more than " + std::to_string(limits.unpacked) + " bytes; --max-size raises the limit");
    unpacked += result.size;
  }

  static std::string only_files() { return ": a package holds regular files and folders only"; }
};

ArchiveReader::ArchiveReader(const fs::path& file, const ArchiveLimits& limits) : impl_(std::make_unique<Impl>()) {
  impl_->file = file.string();
  impl_->limits = limits;
  std::error_code error;
  if (!fs::is_regular_file(file, error)) throw Error(file.string() + (error ? ": " + error.message() : ": is no file"));
  impl_->file_size = fs::file_size(file);
  // The format and the one filter are set, not guessed: nothing else of libarchive ever sees the bytes.
  impl_->check(::archive_read_set_format(impl_->reader.get(), ARCHIVE_FORMAT_TAR));
  impl_->check(::archive_read_append_filter(impl_->reader.get(), ARCHIVE_FILTER_ZSTD));
  impl_->check(::archive_read_open_filename(impl_->reader.get(), file.c_str(), 1 << 16));
}

ArchiveReader::~ArchiveReader() = default;

std::optional<ArchiveEntry> ArchiveReader::next() {
  ::archive_entry* entry = nullptr;
  const int status = ::archive_read_next_header(impl_->reader.get(), &entry);
  impl_->check_expansion();
  if (status == ARCHIVE_EOF) return impl_->current = std::nullopt;
  impl_->check(status);
  if (++impl_->entries > kMaxFiles) impl_->refuse("has more than " + std::to_string(kMaxFiles) + " entries");
  return impl_->current = impl_->checked(entry);
}

void ArchiveReader::read(const std::function<void(std::string_view)>& consume) {
  uint64_t done = 0;
  for (;;) {
    const void* bytes = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    const int status = ::archive_read_data_block(impl_->reader.get(), &bytes, &size, &offset);
    if (status == ARCHIVE_EOF) break;
    impl_->check(status);
    impl_->check_expansion();
    if (offset < 0 || static_cast<uint64_t>(offset) != done || size > impl_->current->size - done)
      impl_->refuse(quote(impl_->current->path) + " holds other data than its size says");
    consume({static_cast<const char*>(bytes), size});
    done += size;
  }
  if (done != impl_->current->size) impl_->refuse(quote(impl_->current->path) + " is cut short");
}

}  // namespace vhost
