// Opens plugin libraries. Checks metadata, checksum and ELF note before
// dlopen, so that nothing of an unfit binary runs.
#pragma once
#include <string>

#include "plugins/package.h"
#include "vhost/plugin.h"

namespace vhost {

struct LoadedPlugin {
  const Package* package = nullptr;  // a copy that is never freed
  const vh_plugin_entry* entry = nullptr;
};

// Loads once per file (device, inode, sha256) and never closes; init is called once, and a refusal stays one. Every
// component of plugin.json is served. Throws Error with what both sides say and what to do. [setup]
const LoadedPlugin& load_plugin(const Package& package, const vh_host* host);

// Whether load_plugin would go as far as opening the library: checksum, ELF note, ABI and what plugin.json says of
// them. Runs nothing of it. Throws Error with what both sides say and what to do.
vh_elf_note check_library(const Package& package);

// The numbers in .note.vhost, read without dlopen. Throws Error if there is
// none or the file is no ELF64 of this machine.
vh_elf_note read_elf_note(const std::filesystem::path& library);

}  // namespace vhost
