// The note .note.vhost and the entry's numbers in the bytes of an ELF file.
#pragma once
#include <string>
#include <string_view>

#include "vhost/plugin.h"

namespace vhost {

// `file` is only a name. Throws Error, whatever the bytes are, unless they hold the note of a shared library for this
// machine. build_tag is NUL-terminated. The numbers are not judged.
vh_elf_note parse_elf_note(std::string_view bytes, const std::string& file);

// What `vh_plugin_entry_v1` will say, read without opening the library.
struct EntryInFile {
  bool readable = false;  // false: the file has no table of symbols to look in
  bool exported = false;
  uint32_t words[5] = {};  // struct_size, magic, abi_major, abi_minor, target_minor
};
// Throws Error, whatever the bytes are, where they are no shared library for this machine.
EntryInFile parse_entry(std::string_view bytes, const std::string& file);

}  // namespace vhost
