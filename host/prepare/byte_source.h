// Bytes in order, from wherever they come: files joined end to end, another source unpacked.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace vhost {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // The next bytes, valid until the next call; empty = the end. Throws Error naming the file.
  virtual std::string_view read() = 0;
};

// Files one after the other, as `cat` joins the parts of a split archive.
std::unique_ptr<ByteSource> joined_files(std::vector<std::filesystem::path> files);

// What came before the end was right.
struct CutShort : Error {
  using Error::Error;
};

// `inner` as it is; or unpacked where it begins as gzip does, checked against the CRC-32 and length of every member.
// Throws Error where they don't fit: "name: ...", CutShort where the data ends early. `inner` must live as long.
std::unique_ptr<ByteSource> gunzipped(ByteSource& inner, const std::string& name);

}  // namespace vhost
