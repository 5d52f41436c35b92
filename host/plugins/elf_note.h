// The note .note.vhost in the bytes of an ELF file.
#pragma once
#include <string>
#include <string_view>

#include "vhost/plugin.h"

namespace vhost {

// `file` is only a name. Throws Error, whatever the bytes are, unless they hold the note of a shared library for this
// machine. build_tag is NUL-terminated. The numbers are not judged.
vh_elf_note parse_elf_note(std::string_view bytes, const std::string& file);

}  // namespace vhost
