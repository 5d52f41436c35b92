// What an ELF library asks the system's loader for.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace vhost {

struct ElfDynamic {
  std::string soname;               // "" = none
  std::vector<std::string> needed;  // DT_NEEDED, in order
};

// `file` is only a name. Throws Error, whatever the bytes are, unless they hold a shared library for this machine.
ElfDynamic parse_elf_dynamic(std::string_view bytes, const std::string& file);

}  // namespace vhost
