#include "elf_exports.hpp"

#include <elf.h>

#include <cstring>
#include <stdexcept>

namespace {

template <class T>
T at(const std::string& bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) throw std::runtime_error("the ELF file is cut short");
  T out;
  std::memcpy(&out, bytes.data() + offset, sizeof out);
  return out;
}

}  // namespace

std::vector<Export> elf_exports(const std::string& bytes) {
  const auto header = at<Elf64_Ehdr>(bytes, 0);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_shentsize != sizeof(Elf64_Shdr))
    throw std::runtime_error("no ELF64 file");
  std::vector<Export> out;
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    const auto section = at<Elf64_Shdr>(bytes, header.e_shoff + i * sizeof(Elf64_Shdr));
    if (section.sh_type != SHT_DYNSYM) continue;
    const auto strings = at<Elf64_Shdr>(bytes, header.e_shoff + uint64_t{section.sh_link} * sizeof(Elf64_Shdr));
    for (uint64_t s = 0; s < section.sh_size / sizeof(Elf64_Sym); ++s) {
      const auto symbol = at<Elf64_Sym>(bytes, section.sh_offset + s * sizeof(Elf64_Sym));
      const auto binding = ELF64_ST_BIND(symbol.st_info);
      if (symbol.st_shndx == SHN_UNDEF || binding == STB_LOCAL) continue;
      if (symbol.st_shndx == SHN_ABS) continue;  // a version's own name
      const uint64_t name = strings.sh_offset + symbol.st_name;
      at<char>(bytes, name);
      out.push_back({bytes.substr(name, bytes.find('\0', name) - name), binding == STB_GNU_UNIQUE});
    }
  }
  return out;
}
