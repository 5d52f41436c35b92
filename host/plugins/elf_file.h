// The bytes of an ELF file, never read outside their bounds.
#pragma once
#include <elf.h>

#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"

namespace vhost {

struct ElfBytes {
  std::string_view all;
  const std::string& file;

  [[noreturn]] void refuse(const std::string& why) const { throw Error(file + ": " + why); }

  std::string_view part(uint64_t offset, uint64_t size, const char* what) const {
    if (offset > all.size() || size > all.size() - offset)
      refuse("is cut short: its " + std::string(what) + " ends at byte " + std::to_string(offset) + " + " +
             std::to_string(size) + ", the file at " + std::to_string(all.size()) + "; copy or build it again");
    return all.substr(offset, size);
  }

  template <class T>
  T read(uint64_t offset, const char* what) const {
    T value;
    std::memcpy(&value, part(offset, sizeof(T), what).data(), sizeof(T));
    return value;
  }
};

// Throws Error unless it is a 64-bit shared library for this machine.
Elf64_Ehdr check_elf_header(const ElfBytes& bytes);

}  // namespace vhost
