#include "plugins/elf_note.h"

#include <cstring>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "plugins/elf_file.h"
#include "plugins/loader.h"

namespace vhost {
namespace {

constexpr uint32_t kDescSize = 4 * sizeof(uint32_t) + sizeof(vh_elf_note::build_tag);

// Adds the vhost notes of one section or segment.
void find_notes(std::string_view notes, std::vector<vh_elf_note>& found) {
  constexpr size_t kHead = 3 * sizeof(uint32_t);
  while (notes.size() >= kHead) {
    uint32_t head[3];
    std::memcpy(head, notes.data(), kHead);
    const uint64_t name_room = (uint64_t{head[0]} + 3) / 4 * 4, desc_room = (uint64_t{head[1]} + 3) / 4 * 4;
    if (name_room + head[1] > notes.size() - kHead) return;
    if (head[0] == 6 && head[2] == 1 && head[1] >= kDescSize &&
        notes.substr(kHead, 6) == std::string_view("vhost\0", 6)) {
      vh_elf_note note;
      std::memcpy(&note, notes.data(), kHead + 8 + kDescSize);
      if (note.build_tag[sizeof(note.build_tag) - 1] == 0) found.push_back(note);
    }
    if (kHead + name_room + desc_room >= notes.size()) return;
    notes.remove_prefix(kHead + name_room + desc_room);
  }
}

bool has_sections(const ElfBytes& bytes, const Elf64_Ehdr& header) {
  if (header.e_shoff == 0 || header.e_shnum == 0) return false;
  if (header.e_shentsize != sizeof(Elf64_Shdr)) bytes.refuse("has section headers of an unknown size");
  bytes.part(header.e_shoff, uint64_t{header.e_shnum} * sizeof(Elf64_Shdr), "section header table");
  return header.e_shstrndx < header.e_shnum;
}

Elf64_Shdr section(const ElfBytes& bytes, const Elf64_Ehdr& header, uint64_t i) {
  return bytes.read<Elf64_Shdr>(header.e_shoff + i * sizeof(Elf64_Shdr), "section header");
}

void find_in_sections(const ElfBytes& bytes, const Elf64_Ehdr& header, std::vector<vh_elf_note>& found) {
  if (!has_sections(bytes, header)) return;
  const Elf64_Shdr names_header = section(bytes, header, header.e_shstrndx);
  const std::string_view names = bytes.part(names_header.sh_offset, names_header.sh_size, "table of section names");
  for (uint64_t i = 0; i < header.e_shnum; ++i) {
    const Elf64_Shdr s = section(bytes, header, i);
    if (s.sh_name >= names.size() || s.sh_type == SHT_NOBITS) continue;
    const std::string_view tail = names.substr(s.sh_name);
    if (tail.substr(0, tail.find('\0')) != ".note.vhost") continue;
    find_notes(bytes.part(s.sh_offset, s.sh_size, ".note.vhost"), found);
  }
}

bool has_segments(const ElfBytes& bytes, const Elf64_Ehdr& header) {
  if (header.e_phoff == 0 || header.e_phnum == 0) return false;
  if (header.e_phentsize != sizeof(Elf64_Phdr)) bytes.refuse("has program headers of an unknown size");
  return true;
}

Elf64_Phdr segment(const ElfBytes& bytes, const Elf64_Ehdr& header, uint64_t i) {
  return bytes.read<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr), "program header table");
}

void find_in_segments(const ElfBytes& bytes, const Elf64_Ehdr& header, std::vector<vh_elf_note>& found) {
  if (!has_segments(bytes, header)) return;
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    const Elf64_Phdr s = segment(bytes, header, i);
    if (s.p_type == PT_NOTE) find_notes(bytes.part(s.p_offset, s.p_filesz, "note segment"), found);
  }
}

std::string numbers(const vh_elf_note& note) {
  return "ABI " + std::to_string(note.abi_major) + "." + std::to_string(note.abi_minor) + " for hosts from minor " +
         std::to_string(note.target_minor) + " on";
}

// The bytes of the file that are mapped at an address; empty if none are.
std::string_view mapped(const ElfBytes& bytes, const Elf64_Ehdr& header, uint64_t address, uint64_t size) {
  for (uint64_t i = 0; has_segments(bytes, header) && i < header.e_phnum; ++i) {
    const Elf64_Phdr s = segment(bytes, header, i);
    if (s.p_type != PT_LOAD || address < s.p_vaddr || address - s.p_vaddr > s.p_filesz) continue;
    const uint64_t from = address - s.p_vaddr;
    if (size <= s.p_filesz - from) return bytes.part(s.p_offset, s.p_filesz, "loaded segment").substr(from, size);
  }
  return {};
}

}  // namespace

vh_elf_note parse_elf_note(std::string_view all, const std::string& file) {
  const ElfBytes bytes{all, file};
  const Elf64_Ehdr header = check_elf_header(bytes);
  std::vector<vh_elf_note> found;
  find_in_sections(bytes, header, found);
  if (found.empty()) find_in_segments(bytes, header, found);
  if (found.empty())
    bytes.refuse("has no .note.vhost: it is no vhost plugin, or wasn't built with VH_PLUGIN or VH_C_PLUGIN");
  if (found.size() > 1)
    bytes.refuse("has " + std::to_string(found.size()) + " notes .note.vhost: the first says " + numbers(found[0]) +
                 ", the second " + numbers(found[1]) + "; one VH_PLUGIN or VH_C_PLUGIN stands in one file");
  return found[0];
}

EntryInFile parse_entry(std::string_view all, const std::string& file) {
  const ElfBytes bytes{all, file};
  const Elf64_Ehdr header = check_elf_header(bytes);
  EntryInFile entry;
  for (uint64_t i = 0; has_sections(bytes, header) && i < header.e_shnum; ++i) {
    const Elf64_Shdr table = section(bytes, header, i);
    if (table.sh_type != SHT_DYNSYM || table.sh_link >= header.e_shnum) continue;
    const Elf64_Shdr names_header = section(bytes, header, table.sh_link);
    const std::string_view names = bytes.part(names_header.sh_offset, names_header.sh_size, "table of symbol names");
    const std::string_view symbols = bytes.part(table.sh_offset, table.sh_size, "symbol table");
    entry.readable = true;
    for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= symbols.size(); at += sizeof(Elf64_Sym)) {
      Elf64_Sym symbol;
      std::memcpy(&symbol, symbols.data() + at, sizeof(symbol));
      if (symbol.st_shndx == SHN_UNDEF || symbol.st_name >= names.size()) continue;
      const std::string_view tail = names.substr(symbol.st_name);
      if (tail.substr(0, tail.find('\0')) != "vh_plugin_entry_v1") continue;
      entry.exported = true;
      const std::string_view words = mapped(bytes, header, symbol.st_value, sizeof(entry.words));
      if (!words.empty()) std::memcpy(entry.words, words.data(), sizeof(entry.words));
    }
  }
  return entry;
}

vh_elf_note read_elf_note(const std::filesystem::path& library) {
  return parse_elf_note(read_file(library), library.string());
}

}  // namespace vhost
