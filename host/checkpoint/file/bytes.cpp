#include "checkpoint/file/bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/descriptor.h"
#include "base/error.h"

namespace vhost {

namespace {

[[noreturn]] void fail_io(const std::string& what, const std::filesystem::path& path) {
  throw Error(path.string() + ": " + what + ": " + std::strerror(errno));
}

}  // namespace

MappedFile::~MappedFile() {
  if (!bytes.empty()) ::munmap(data(), bytes.size());
}

std::shared_ptr<const MappedFile> map_file(const std::filesystem::path& path) {
  const Descriptor file{
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};  // a pipe without a writer: no waiting
  if (file.fd < 0) fail_io("cannot open", path);
  struct stat info {};
  if (::fstat(file.fd, &info) != 0) fail_io("cannot read", path);
  if (!S_ISREG(info.st_mode)) throw Error(path.string() + ": is not a file");
  auto mapped = std::make_shared<MappedFile>();
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return mapped;
  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.fd, 0);
  if (data == MAP_FAILED) fail_io("cannot map", path);
  mapped->bytes = {static_cast<const char*>(data), size};
  return mapped;
}

}  // namespace vhost
