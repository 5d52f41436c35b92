// A file's bytes in memory, and numbers read from them. No LibTorch in this folder: its readers are built, and fuzzed,
// with the sanitizers.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace vhost {

using Bytes = std::string_view;

// `n` bytes (at most 8) from `at` on, the lowest first; they must be there.
inline uint64_t little_endian(Bytes bytes, size_t at, size_t n) {
  uint64_t value = 0;
  for (size_t i = 0; i < n; ++i) value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[at + i])) << (8 * i);
  return value;
}

// Whether [at, at + n) lies in `size` bytes, whatever the numbers.
inline bool lies_in(uint64_t at, uint64_t n, uint64_t size) {
  return at <= size && n <= size - at;
}

struct MappedFile {
  Bytes bytes;
  // Private pages: what is written to them never reaches the file.
  char* data() const { return const_cast<char*>(bytes.data()); }
  ~MappedFile();
};

// Throws Error naming the file. An empty file has no bytes.
std::shared_ptr<const MappedFile> map_file(const std::filesystem::path& path);

}  // namespace vhost
