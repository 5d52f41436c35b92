#include "plugins/elf_needed.h"

#include "plugins/elf_file.h"

namespace vhost {
namespace {

struct Segment {
  uint64_t address, size, offset;
};

struct Dynamic {
  std::vector<uint64_t> needed;  // offsets into the strings
  uint64_t soname = 0, strings = 0, strings_size = 0;
  bool has_soname = false;
};

Dynamic read_entries(const ElfBytes& bytes, uint64_t offset, uint64_t size) {
  Dynamic found;
  bytes.part(offset, size, "dynamic section");
  for (uint64_t at = 0; at + sizeof(Elf64_Dyn) <= size; at += sizeof(Elf64_Dyn)) {
    const auto entry = bytes.read<Elf64_Dyn>(offset + at, "dynamic section");
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED) found.needed.push_back(entry.d_un.d_val);
    if (entry.d_tag == DT_SONAME) found.soname = entry.d_un.d_val, found.has_soname = true;
    if (entry.d_tag == DT_STRTAB) found.strings = entry.d_un.d_ptr;
    if (entry.d_tag == DT_STRSZ) found.strings_size = entry.d_un.d_val;
  }
  return found;
}

uint64_t offset_of(const ElfBytes& bytes, const std::vector<Segment>& loaded, uint64_t address) {
  for (const Segment& s : loaded)
    if (address >= s.address && address - s.address < s.size) return s.offset + (address - s.address);
  bytes.refuse("names a string table that no segment loads; build it again");
}

}  // namespace

ElfDynamic parse_elf_dynamic(std::string_view all, const std::string& file) {
  const ElfBytes bytes{all, file};
  const Elf64_Ehdr header = check_elf_header(bytes);
  if (header.e_phnum > 0 && header.e_phentsize != sizeof(Elf64_Phdr))
    bytes.refuse("has program headers of an unknown size");
  std::vector<Segment> loaded;
  Dynamic dynamic;
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = bytes.read<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr), "program header table");
    if (segment.p_type == PT_LOAD) loaded.push_back({segment.p_vaddr, segment.p_filesz, segment.p_offset});
    if (segment.p_type == PT_DYNAMIC) dynamic = read_entries(bytes, segment.p_offset, segment.p_filesz);
  }
  ElfDynamic result;
  if (dynamic.needed.empty() && !dynamic.has_soname) return result;
  const std::string_view strings =
      bytes.part(offset_of(bytes, loaded, dynamic.strings), dynamic.strings_size, "string table");
  const auto text = [&](uint64_t at) {
    if (at >= strings.size()) bytes.refuse("names a library outside of its string table");
    const std::string_view tail = strings.substr(at);
    return std::string(tail.substr(0, tail.find('\0')));
  };
  if (dynamic.has_soname) result.soname = text(dynamic.soname);
  for (const uint64_t at : dynamic.needed) result.needed.push_back(text(at));
  return result;
}

}  // namespace vhost
