#include "plugins/elf_note.h"

#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "plugins/elf_file.h"
#include "plugins/loader.h"

namespace vhost {
namespace {

constexpr uint32_t kDescSize = 4 * sizeof(uint32_t) + sizeof(vh_elf_note::build_tag);

// Walks the notes of one section or segment.
bool find_note(std::string_view notes, vh_elf_note& found) {
  constexpr size_t kHead = 3 * sizeof(uint32_t);
  while (notes.size() >= kHead) {
    uint32_t head[3];
    std::memcpy(head, notes.data(), kHead);
    const uint64_t name_room = (uint64_t{head[0]} + 3) / 4 * 4, desc_room = (uint64_t{head[1]} + 3) / 4 * 4;
    if (name_room + head[1] > notes.size() - kHead) return false;
    if (head[0] == 6 && head[2] == 1 && head[1] >= kDescSize &&
        notes.substr(kHead, 6) == std::string_view("vhost\0", 6)) {
      std::memcpy(&found, notes.data(), kHead + 8 + kDescSize);
      return found.build_tag[sizeof(found.build_tag) - 1] == 0;
    }
    if (kHead + name_room + desc_room >= notes.size()) return false;
    notes.remove_prefix(kHead + name_room + desc_room);
  }
  return false;
}

bool find_in_sections(const ElfBytes& bytes, const Elf64_Ehdr& header, vh_elf_note& note) {
  if (header.e_shoff == 0 || header.e_shnum == 0) return false;
  if (header.e_shentsize != sizeof(Elf64_Shdr)) bytes.refuse("has section headers of an unknown size");
  bytes.part(header.e_shoff, uint64_t{header.e_shnum} * sizeof(Elf64_Shdr), "section header table");
  if (header.e_shstrndx >= header.e_shnum) return false;
  const auto section = [&](uint64_t i) {
    return bytes.read<Elf64_Shdr>(header.e_shoff + i * sizeof(Elf64_Shdr), "section header");
  };
  const Elf64_Shdr names_header = section(header.e_shstrndx);
  const std::string_view names = bytes.part(names_header.sh_offset, names_header.sh_size, "table of section names");
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    const Elf64_Shdr s = section(i);
    if (s.sh_name >= names.size() || s.sh_type == SHT_NOBITS) continue;
    const std::string_view tail = names.substr(s.sh_name);
    if (tail.substr(0, tail.find('\0')) != ".note.vhost") continue;
    if (find_note(bytes.part(s.sh_offset, s.sh_size, ".note.vhost"), note)) return true;
  }
  return false;
}

bool find_in_segments(const ElfBytes& bytes, const Elf64_Ehdr& header, vh_elf_note& note) {
  if (header.e_phoff == 0 || header.e_phnum == 0) return false;
  if (header.e_phentsize != sizeof(Elf64_Phdr)) bytes.refuse("has program headers of an unknown size");
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = bytes.read<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr), "program header table");
    if (segment.p_type != PT_NOTE) continue;
    if (find_note(bytes.part(segment.p_offset, segment.p_filesz, "note segment"), note)) return true;
  }
  return false;
}

}  // namespace

vh_elf_note parse_elf_note(std::string_view all, const std::string& file) {
  const ElfBytes bytes{all, file};
  const Elf64_Ehdr header = check_elf_header(bytes);
  vh_elf_note note{};
  if (find_in_sections(bytes, header, note) || find_in_segments(bytes, header, note)) return note;
  bytes.refuse("has no .note.vhost: it is no vhost plugin, or wasn't built with VH_PLUGIN or VH_C_PLUGIN");
}

vh_elf_note read_elf_note(const std::filesystem::path& library) {
  return parse_elf_note(read_file(library), library.string());
}

}  // namespace vhost
