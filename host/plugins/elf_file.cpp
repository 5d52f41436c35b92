#include "plugins/elf_file.h"

namespace vhost {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
#else
#error "plugins are supported on x86-64 and aarch64"
#endif

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

}  // namespace

Elf64_Ehdr check_elf_header(const ElfBytes& bytes) {
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

}  // namespace vhost
