// Files: reading, atomic writing, hashes.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace vhost {

std::string read_file(const std::filesystem::path&);  // throws Error naming path and reason
// Temporary name in the same folder, fsync, rename, fsync of the folder. Throws Error.
void write_file_atomically(const std::filesystem::path&, std::string_view bytes);
void make_directories(const std::filesystem::path&);  // throws Error naming path and reason

std::string sha256_hex(std::string_view bytes);
std::string sha256_file(const std::filesystem::path&);

}  // namespace vhost
