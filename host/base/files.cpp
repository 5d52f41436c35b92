#include "base/files.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <system_error>

#include "base/error.h"
#include "base/replaceable.h"

namespace vhost {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void refuse(const char* what, const fs::path& path, int error) {
  throw Error(std::string(what) + " " + path.string() + ": " + std::generic_category().message(error));
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }
  int close() {
    const int result = descriptor_ < 0 ? 0 : ::close(descriptor_);
    descriptor_ = -1;
    return result;
  }

 private:
  int descriptor_;
};

// Opens for reading; refuses folders and devices, which would fail later or never end.
int open_readable(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) refuse("can't read", path, errno);
  struct stat info {};
  const char* reason = nullptr;
  if (::fstat(descriptor, &info) != 0)
    reason = "can't be examined";
  else if (S_ISDIR(info.st_mode))
    reason = "is a folder, not a file";
  else if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode))
    reason = "is a device, not a file";
  if (!reason) return descriptor;
  ::close(descriptor);
  throw Error("can't read " + path.string() + ": it " + reason);
}

template <class Consume>
void read_in_pieces(const fs::path& path, const Consume& consume) {
  const File file(open_readable(path));
  std::vector<char> piece(1 << 18);
  for (;;) {
    const ssize_t n = ::read(file.get(), piece.data(), piece.size());
    if (n == 0) return;
    if (n > 0)
      consume(std::string_view(piece.data(), static_cast<size_t>(n)));
    else if (errno != EINTR)
      refuse("can't read", path, errno);
  }
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
      throw Error("OpenSSL has no SHA-256");
  }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    std::string text;
    for (unsigned int i = 0; i < size; ++i) {
      text += "0123456789abcdef"[digest[i] >> 4];
      text += "0123456789abcdef"[digest[i] & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

void write_and_sync(int descriptor, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
    if (n >= 0)
      bytes.remove_prefix(static_cast<size_t>(n));
    else if (errno != EINTR)
      refuse("can't write", path, errno);
  }
  if (::fsync(descriptor) != 0) refuse("can't write", path, errno);
}

// Some file systems can't sync a folder and say EINVAL: nothing more can be done there.
void sync_folder(const fs::path& folder) {
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.get() < 0 || (::fsync(file.get()) != 0 && errno != EINVAL)) refuse("can't sync", folder, errno);
}

}  // namespace

std::string read_file(const fs::path& path) {
  std::string text;
  std::error_code error;
  if (const auto size = fs::file_size(path, error); !error) text.reserve(size);
  read_in_pieces(path, [&](std::string_view piece) { text += piece; });
  return text;
}

void check_replaceable(const fs::path& path) {
  std::error_code error;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (path.empty() || !fs::exists(folder, error)) refuse("can't write", path, ENOENT);
  if (!path.has_filename() || fs::is_directory(path, error)) refuse("can't write", path, EISDIR);
  if (fs::exists(path, error) && !fs::is_regular_file(path, error))
    throw Error("can't write " + path.string() + ": it is a device or a pipe; give a file's name");
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  check_replaceable(path);
  static std::atomic<unsigned> counter{0};
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const std::string suffix = ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
  const fs::path temporary = folder / ("." + path.filename().string() + suffix);
  File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (file.get() < 0) refuse("can't write", path, errno);
  try {
    write_and_sync(file.get(), bytes, path);
    if (file.close() != 0) refuse("can't write", path, errno);
    if (::rename(temporary.c_str(), path.c_str()) != 0) refuse("can't write", path, errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(folder);
}

void make_directories(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error && fs::is_directory(path, error)) return;
  if (!error) error = std::make_error_code(std::errc::not_a_directory);
  throw Error("can't create the folder " + path.string() + ": " + error.message());
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.hex();
}

std::string sha256_file(const fs::path& path) {
  Sha256 hash;
  read_in_pieces(path, [&](std::string_view piece) { hash.add(piece); });
  return hash.hex();
}

}  // namespace vhost
