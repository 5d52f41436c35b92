#include "check/elf_needed.h"

#include <elf.h>

#include <cstring>

#include "base/error.h"

namespace vhost::check {

namespace {

template <class T>
T at(std::string_view bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) throw Error("the ELF file is cut short");
  T out;
  std::memcpy(&out, bytes.data() + offset, sizeof out);
  return out;
}

std::string text_at(std::string_view bytes, uint64_t offset) {
  if (offset >= bytes.size()) throw Error("the ELF file is cut short");
  const std::string_view rest = bytes.substr(offset);
  return std::string(rest.substr(0, rest.find('\0')));
}

}  // namespace

std::vector<std::string> elf_needed(std::string_view bytes) {
  const auto header = at<Elf64_Ehdr>(bytes, 0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_shentsize != sizeof(Elf64_Shdr))
    throw Error("no ELF64 file");
  std::vector<std::string> needed;
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    const auto section = at<Elf64_Shdr>(bytes, header.e_shoff + i * sizeof(Elf64_Shdr));
    if (section.sh_type != SHT_DYNAMIC) continue;
    const auto strings = at<Elf64_Shdr>(bytes, header.e_shoff + uint64_t{section.sh_link} * sizeof(Elf64_Shdr));
    for (uint64_t d = 0; d < section.sh_size / sizeof(Elf64_Dyn); ++d) {
      const auto entry = at<Elf64_Dyn>(bytes, section.sh_offset + d * sizeof(Elf64_Dyn));
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_NEEDED) needed.push_back(text_at(bytes, strings.sh_offset + entry.d_un.d_val));
    }
  }
  return needed;
}

}  // namespace vhost::check
