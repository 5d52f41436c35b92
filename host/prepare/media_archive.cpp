#include "prepare/media_archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/error.h"

namespace vhost {
namespace {

constexpr int kDeepest = 4;

std::string kind_of(::archive_entry* entry) {
  if (::archive_entry_hardlink(entry)) return "a hard link";
  switch (::archive_entry_filetype(entry)) {
    case AE_IFREG:
      return "";
    case AE_IFLNK:
      return "a symbolic link";
    case AE_IFCHR:
    case AE_IFBLK:
      return "a device";
    default:
      return "no file";
  }
}

class Walk {
 public:
  Walk(ByteSource& source, std::string name, std::string prefix, int depth, const EntryVisitor& visit)
      : source_(source), name_(std::move(name)), prefix_(std::move(prefix)), depth_(depth), visit_(visit) {
    ::archive_read_support_filter_all(reader_.get());
    ::archive_read_support_format_tar(reader_.get());
    ::archive_read_support_format_zip_streamable(reader_.get());
    check(::archive_read_open(reader_.get(), this, nullptr, give, nullptr));
  }

  void run() {
    ::archive_entry* entry = nullptr;
    for (int status; (status = ::archive_read_next_header(reader_.get(), &entry)) != ARCHIVE_EOF;) {
      check(status);
      if (::archive_entry_filetype(entry) == AE_IFDIR) continue;
      const char* path = ::archive_entry_pathname(entry);
      MediaEntry found{prefix_ + (path ? path : ""), -1, kind_of(entry)};
      if (::archive_entry_size_is_set(entry)) found.size = ::archive_entry_size(entry);
      Data data(*this, found.path);
      if (found.not_a_file.empty() && is_archive_name(found.path))
        inner(found, data);
      else
        visit_(found, data);
    }
    while (!source_.read().empty()) {
    }  // to the end, so that its checksum is checked
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  class Data : public ByteSource {
   public:
    Data(Walk& walk, std::string path) : walk_(walk), path_(std::move(path)) {}
    std::string_view read() override {
      const void* bytes = nullptr;
      size_t size = 0;
      la_int64_t offset = 0;
      const int status = ::archive_read_data_block(walk_.reader_.get(), &bytes, &size, &offset);
      if (status == ARCHIVE_EOF) return {};
      walk_.check(status);
      if (offset != at_) throw Error(walk_.name_ + ": " + path_ + ": is a sparse file, which isn't read");
      at_ += static_cast<int64_t>(size);
      return size > 0 ? std::string_view(static_cast<const char*>(bytes), size) : read();
    }

   private:
    Walk& walk_;
    std::string path_;
    int64_t at_ = 0;
  };

  void inner(const MediaEntry& entry, Data& data) {
    if (depth_ == kDeepest) throw Error(name_ + ": holds archives more than four deep");
    const std::string name = name_ + " / " + entry.path;
    const std::unique_ptr<ByteSource> plain = gunzipped(data, name);
    Walk(*plain, name, entry.path + "/", depth_ + 1, visit_).run();
  }

  static la_ssize_t give(::archive* reader, void* self, const void** bytes) {
    Walk& walk = *static_cast<Walk*>(self);
    try {
      const std::string_view block = walk.source_.read();
      *bytes = block.data();
      return static_cast<la_ssize_t>(block.size());
    } catch (...) {
      walk.failure_ = std::current_exception();
      ::archive_set_error(reader, EIO, "the source failed");
      return -1;
    }
  }

  void check(int status) {
    if (failure_) std::rethrow_exception(failure_);
    if (status == ARCHIVE_OK || status == ARCHIVE_WARN) return;
    const char* text = ::archive_error_string(reader_.get());
    std::string why = text ? text : "no reason given";
    std::ranges::replace_if(
        why, [](char c) { return c < ' ' || c > '~'; }, '?');
    throw Error(name_ + ": is no archive that can be read, or damaged or cut short: " + why);
  }

  ByteSource& source_;
  std::string name_, prefix_;
  int depth_;
  const EntryVisitor& visit_;
  std::unique_ptr<::archive, decltype(&::archive_read_free)> reader_{::archive_read_new(), ::archive_read_free};
  std::exception_ptr failure_;
};

}  // namespace

bool is_archive_name(const std::string& name) {
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::any_of(
      std::initializer_list<const char*>{".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2", ".zip"},
      [&](const char* end) { return lower.ends_with(end); });
}

void read_media_archive(ByteSource& source, const std::string& name, const EntryVisitor& visit) {
  const std::unique_ptr<ByteSource> plain = gunzipped(source, name);
  Walk(*plain, name, "", 1, visit).run();
}

}  // namespace vhost
