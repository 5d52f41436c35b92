#include "plugins/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/fault.h"
#include "base/files.h"

namespace vhost {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHidden = ".vhost-";

[[noreturn]] void refuse(const std::string& what, const fs::path& path, int error) {
  throw Error(what + " " + path.string() + ": " + std::generic_category().message(error));
}

void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool failed = descriptor < 0 || (::fsync(descriptor) != 0 && errno != EINVAL);
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (failed) refuse("can't sync", folder, error);
}

void make_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0755) == 0) {
    if (::chmod(folder.c_str(), 0755) != 0) refuse("can't create the folder", folder, errno);
    return;
  }
  struct stat info {};
  if (errno != EEXIST) refuse("can't create the folder", folder, errno);
  if (::lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) refuse("can't use", folder, ENOTDIR);
}

bool is_there(const fs::path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

}  // namespace

Store::Store(const fs::path& folder) {
  make_directories(folder);
  std::error_code error;
  folder_ = fs::canonical(folder, error);
  if (error) refuse("can't use", folder, error.value());
  descriptor_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0) refuse("can't open", folder_, errno);
  while (::flock(descriptor_, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    const int reason = errno;
    ::close(descriptor_);
    refuse("can't lock", folder_, reason);
  }
  remove_hidden();
}

Store::~Store() {
  remove_hidden();
  ::close(descriptor_);
}

void Store::remove_hidden() {
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->path().filename().string().starts_with(kHidden)) fs::remove_all(it->path(), ignored);
  }
}

fs::path Store::make_hidden() {
  std::string name = (folder_ / (std::string(kHidden) + "XXXXXX")).string();
  fault_point();
  if (!::mkdtemp(name.data())) refuse("can't write to", folder_, errno);
  return name;
}

Store::Placed Store::place(const fs::path& from, const std::string& name, const std::string& version, bool replace) {
  const fs::path to = folder_ / name / version;
  make_folder(to.parent_path());
  fault_point();
  const bool there = is_there(to);
  if (there && !replace) refuse("can't install to", to, EEXIST);
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), there ? RENAME_EXCHANGE : RENAME_NOREPLACE) != 0) {
    if (errno != EINVAL && errno != ENOSYS) refuse("can't install to", to, errno);
    if (there)
      throw Error("the file system of " + to.string() +
                  " can't replace a folder at once; remove the installed package first (vhost plugin remove " + name +
                  "@" + version + ")");
    if (::rename(from.c_str(), to.c_str()) != 0) refuse("can't install to", to, errno);
  }
  fault_point();
  sync_folder(to.parent_path());
  sync_folder(folder_);
  fault_point();
  return there ? Placed::kReplaced : Placed::kNew;
}

void Store::remove(const std::string& name, const std::string& version) {
  const fs::path at = folder_ / name / version, hidden = make_hidden() / version;
  fault_point();
  if (::rename(at.c_str(), hidden.c_str()) != 0) refuse("can't remove", at, errno);
  fault_point();
  sync_folder(at.parent_path());
  remove_hidden();
  fault_point();
  ::rmdir(at.parent_path().c_str());  // stays where another version is in it
}

NewFile::NewFile(const fs::path& root, const std::string& path) : path_(root / path) {
  fs::path folder = root;
  for (const fs::path& part : fs::path(path).parent_path()) make_folder(folder /= part);
  fault_point();
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (descriptor_ < 0 || ::fchmod(descriptor_, 0644) != 0) refuse("can't write", path_, errno);
}

NewFile::~NewFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void NewFile::write(std::string_view bytes) {
  fault_point();
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n >= 0)
      bytes.remove_prefix(static_cast<size_t>(n));
    else if (errno != EINTR)
      refuse("can't write", path_, errno);
  }
}

void NewFile::finish() {
  if (::fsync(descriptor_) != 0) refuse("can't write", path_, errno);
  if (::close(std::exchange(descriptor_, -1)) != 0) refuse("can't write", path_, errno);
}

void sync_folders(const fs::path& root) {
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.is_directory()) sync_folder(entry.path());
  sync_folder(root);
}

}  // namespace vhost
