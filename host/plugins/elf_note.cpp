#include "plugins/elf_note.h"

#include <elf.h>

#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "plugins/loader.h"

namespace vhost {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
#else
#error "plugins are supported on x86-64 and aarch64"
#endif
constexpr uint32_t kDescSize = 4 * sizeof(uint32_t) + sizeof(vh_elf_note::build_tag);

std::string machine_name(uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "aarch64";
    case EM_386:
      return "i386";
    case EM_ARM:
      return "arm";
    case EM_RISCV:
      return "riscv";
    default:
      return "machine " + std::to_string(machine);
  }
}

// Bytes that are only ever read within their bounds.
struct Bytes {
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

Elf64_Ehdr check_header(const Bytes& bytes) {
  if (bytes.all.size() < SELFMAG || std::memcmp(bytes.all.data(), ELFMAG, SELFMAG) != 0)
    bytes.refuse("is no ELF file: a plugin is a shared library (.so)");
  const auto header = bytes.read<Elf64_Ehdr>(0, "ELF header");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
    bytes.refuse("is no 64-bit little-endian ELF file; this host is " + machine_name(kMachine));
  if (header.e_machine != kMachine)
    bytes.refuse("is built for " + machine_name(header.e_machine) + ", this host is " + machine_name(kMachine) +
                 ": get the package for this machine");
  if (header.e_type != ET_DYN) bytes.refuse("is an ELF file, but no shared library: build it with -shared");
  return header;
}

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

bool find_in_sections(const Bytes& bytes, const Elf64_Ehdr& header, vh_elf_note& note) {
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

bool find_in_segments(const Bytes& bytes, const Elf64_Ehdr& header, vh_elf_note& note) {
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
  const Bytes bytes{all, file};
  const Elf64_Ehdr header = check_header(bytes);
  vh_elf_note note{};
  if (find_in_sections(bytes, header, note) || find_in_segments(bytes, header, note)) return note;
  bytes.refuse("has no .note.vhost: it is no vhost plugin, or wasn't built with VH_PLUGIN or VH_C_PLUGIN");
}

vh_elf_note read_elf_note(const std::filesystem::path& library) {
  return parse_elf_note(read_file(library), library.string());
}

}  // namespace vhost
