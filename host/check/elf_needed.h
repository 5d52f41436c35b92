// Which libraries an ELF64 file asks the loader for (DT_NEEDED), and where it says to look (DT_RUNPATH, DT_RPATH).
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace vhost::check {

std::vector<std::string> elf_needed(std::string_view bytes);  // throws Error if it's no whole ELF64 file

}  // namespace vhost::check
