#include "prepare/safe_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/files.h"

namespace vhost {
namespace fs = std::filesystem;

namespace {

fs::path temporary_name(const fs::path& folder, const std::string& name) {
  return folder / ("." + name.substr(0, 200) + ".part");
}

void write_all(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) throw WriteError(path.string() + ": can't be written: " + std::strerror(errno));
    bytes.remove_prefix(static_cast<size_t>(done));
  }
}

}  // namespace

std::string unusable_name(const std::string& name) {
  if (name.empty() || name == "." || name == "..") return "is no name for a file";
  if (name.size() > 240) return "is longer than 240 bytes";
  const auto bad = [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '/' || c == '\\'; };
  if (std::ranges::any_of(name, bad)) return "holds control characters or slashes";
  return "";
}

SafeFolder::SafeFolder(const fs::path& root) : root_(root) {
  make_directories(root_);
}

fs::path SafeFolder::folder(const fs::path& inner) const {
  fs::path at = root_;
  for (const fs::path& part : inner) {
    if (const std::string why = unusable_name(part.string()); !why.empty())
      throw Error("\"" + part.string() + "\" " + why);
    at /= part;
    std::error_code error;
    const fs::file_status status = fs::symlink_status(at, error);
    if (status.type() == fs::file_type::not_found)
      fs::create_directory(at, error);
    else if (status.type() != fs::file_type::directory)
      throw WriteError(at.string() + ": is " + (status.type() == fs::file_type::symlink ? "a link" : "no folder") +
                       ", and nothing is written through it");
    else
      error.clear();
    if (error) throw WriteError(at.string() + ": can't be made: " + error.message());
  }
  return at;
}

int64_t SafeFolder::write(const fs::path& folder, const std::string& name, ByteSource& data, int64_t size) const {
  const fs::path temporary = temporary_name(folder, name);
  ::unlink(temporary.c_str());
  const Descriptor file{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644)};
  if (file.fd < 0) throw WriteError(temporary.string() + ": can't be made: " + std::strerror(errno));
  int64_t done = 0;
  try {
    for (std::string_view block = data.read(); !block.empty(); block = data.read()) {
      write_all(file.fd, block, temporary);
      done += static_cast<int64_t>(block.size());
    }
    if (size >= 0 && done != size)
      throw Error(name + ": has " + std::to_string(done) + " bytes, the archive says " + std::to_string(size));
    if (::rename(temporary.c_str(), (folder / name).c_str()) != 0)
      throw WriteError((folder / name).string() + ": can't be made: " + std::strerror(errno));
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  return done;
}

void SafeFolder::take(const fs::path& folder, const std::string& name, const fs::path& from) const {
  if (::link(from.c_str(), (folder / name).c_str()) == 0) return;
  const std::unique_ptr<ByteSource> bytes = joined_files({from});
  write(folder, name, *bytes, -1);
}

}  // namespace vhost
