// Which dynamic symbols an ELF64 library defines.
#pragma once
#include <string>
#include <vector>

struct Export {
  std::string name;
  bool unique;  // STB_GNU_UNIQUE: shared between all libraries of the process, even with RTLD_LOCAL
};

// Of the file's bytes; throws std::runtime_error if it is no ELF64 library.
std::vector<Export> elf_exports(const std::string& bytes);
