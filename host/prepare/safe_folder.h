// Writing below one folder and nowhere else.
#pragma once
#include <filesystem>
#include <string>

#include "base/error.h"
#include "prepare/byte_source.h"

namespace vhost {

// Nothing more can be written: a full disk, no permission, a link in the way.
struct WriteError : Error {
  using Error::Error;
};

// "" if a name can be used for a file or folder; else why not.
std::string unusable_name(const std::string& name);

class SafeFolder {
 public:
  explicit SafeFolder(const std::filesystem::path& root);  // made if it isn't there; throws Error
  const std::filesystem::path& root() const { return root_; }

  // root/inner, made where it isn't there. Throws WriteError if a part of it is a link or no folder, Error if its name
  // is unusable.
  std::filesystem::path folder(const std::filesystem::path& inner) const;
  // Writes folder/name under a temporary name and renames it. `size`: how many bytes there must be; -1 = any number.
  // Throws what `data` throws, Error where the number is another, WriteError; no file is left then. Returns the bytes.
  int64_t write(const std::filesystem::path& folder, const std::string& name, ByteSource& data, int64_t size) const;
  // A hard link to `from`, or a copy where there can't be one.
  void take(const std::filesystem::path& folder, const std::string& name, const std::filesystem::path& from) const;

 private:
  std::filesystem::path root_;
};

}  // namespace vhost
