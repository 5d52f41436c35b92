#include <archive.h>
#include <archive_entry.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "plugins/archive.h"

namespace vhost {
namespace {

namespace fs = std::filesystem;

using Writer = std::unique_ptr<::archive, decltype(&::archive_write_free)>;
using Entry = std::unique_ptr<::archive_entry, decltype(&::archive_entry_free)>;

struct Output {
  std::string bytes;
};

la_ssize_t append(::archive*, void* output, const void* bytes, size_t size) {
  static_cast<Output*>(output)->bytes.append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

void check(::archive* writer, int status) {
  if (status != ARCHIVE_OK) throw Error(std::string("can't write the archive: ") + ::archive_error_string(writer));
}

// Owners, times and modes are the same in every archive.
void add_file(::archive* writer, const std::string& path, std::string_view bytes) {
  const Entry entry(::archive_entry_new(), ::archive_entry_free);
  ::archive_entry_set_pathname(entry.get(), path.c_str());
  ::archive_entry_set_filetype(entry.get(), AE_IFREG);
  ::archive_entry_set_perm(entry.get(), 0644);
  ::archive_entry_set_mtime(entry.get(), 0, 0);
  ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
  check(writer, ::archive_write_header(writer, entry.get()));
  if (::archive_write_data(writer, bytes.data(), bytes.size()) != static_cast<la_ssize_t>(bytes.size()))
    check(writer, ARCHIVE_FATAL);
}

}  // namespace

void write_archive(const fs::path& archive, const fs::path& folder, const std::string& prefix,
                   const std::vector<PackageFile>& files) {
  Output output;
  const Writer writer(::archive_write_new(), ::archive_write_free);
  check(writer.get(), ::archive_write_set_format_pax_restricted(writer.get()));
  check(writer.get(), ::archive_write_add_filter_zstd(writer.get()));
  check(writer.get(), ::archive_write_set_options(writer.get(), "zstd:compression-level=19"));
  check(writer.get(), ::archive_write_set_bytes_in_last_block(writer.get(), 1));
  check(writer.get(), ::archive_write_open(writer.get(), &output, nullptr, append, nullptr));
  for (const PackageFile& file : files) {
    const std::string bytes = read_file(folder / file.path);
    if (sha256_hex(bytes) != file.sha256)
      throw Error((folder / file.path).string() + ": was changed while it was read");
    add_file(writer.get(), prefix + "/" + file.path, bytes);
  }
  add_file(writer.get(), prefix + "/" + kChecksums, checksums_text(files));
  check(writer.get(), ::archive_write_close(writer.get()));
  write_file_atomically(archive, output.bytes);
}

}  // namespace vhost
