// A file that grows by whole records, each written by one system call, so that a kill leaves at most one torn record.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace vhost::report {

class AppendFile {
 public:
  AppendFile() = default;
  AppendFile(const std::filesystem::path& path, bool truncate);  // throws Error naming path and reason
  ~AppendFile();
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&& other) noexcept;

  explicit operator bool() const { return fd_ >= 0; }
  // False on the first failure (full disk, say), whose reason is then in
  // failure(); later calls do nothing and return true.
  bool append(std::string_view bytes);
  const std::string& failure() const { return failure_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  int fd_ = -1;
  std::filesystem::path path_;
  std::string failure_;
};

}  // namespace vhost::report
