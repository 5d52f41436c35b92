// vhost-describe LIBRARY NAME VERSION LICENCE DESCRIPTION OUT [CHECK [EXTENSIONS]]: checks what a plugin's library
// exports, asks it for its components, and writes plugin.json. CHECK: a JSON object, what the author says for `vhost
// plugin check`. Run by vhost_add_plugin after linking; the plugin's init is not called.
#include <dlfcn.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

#include "elf_exports.hpp"
#include "sha256.hpp"
#include "vhost/plugin.h"

namespace {

std::string quote(const std::string& s) {
  std::string out = "\"";
  for (const char c : s) {
    char escape[8];
    if (c == '"' || c == '\\')
      out += '\\', out += c;
    else if (static_cast<unsigned char>(c) >= 0x20)
      out += c;
    else
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c)), out += escape;
  }
  return out + '"';
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("can't be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

void check_exports(const std::string& bytes) {
  bool entry = false;
  std::string wrong;
  for (const Export& e : elf_exports(bytes)) {
    if (e.unique) throw std::runtime_error("exports the UNIQUE symbol " + e.name + "; compile with -fno-gnu-unique");
    if (e.name == "vh_plugin_entry_v1")
      entry = true;
    else
      wrong += " " + e.name;
  }
  if (!entry)
    throw std::runtime_error("doesn't export vh_plugin_entry_v1; write VH_PLUGIN(...) or VH_C_PLUGIN(...) in one file");
  if (!wrong.empty()) throw std::runtime_error("exports more than vh_plugin_entry_v1:" + wrong);
}

const vh_plugin_entry& open_entry(const std::filesystem::path& library) {
  void* handle = dlopen(std::filesystem::absolute(library).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) throw std::runtime_error(dlerror());
  const auto* entry = static_cast<const vh_plugin_entry*>(dlsym(handle, "vh_plugin_entry_v1"));
  if (!entry || entry->magic != VH_PLUGIN_MAGIC) throw std::runtime_error("has no valid vh_plugin_entry_v1");
  return *entry;
}

// The build tag lies in the ELF note, in front of which no other text of this form stands.
std::string build_tag(const std::string& bytes) {
  const vh_elf_note note{
      6u, 4 * sizeof(uint32_t) + 32, 1u, {'v', 'h', 'o', 's', 't', 0, 0, 0}, VH_PLUGIN_MAGIC, 0, 0, 0, {}};
  const size_t place = bytes.find(std::string(reinterpret_cast<const char*>(&note), offsetof(vh_elf_note, abi_major)));
  if (place == std::string::npos) throw std::runtime_error("has no ELF note .note.vhost");
  return bytes.c_str() + place + offsetof(vh_elf_note, build_tag);
}

struct Components : vh_component_sink {
  Components() : vh_component_sink{sizeof(vh_component_sink), 0, &append} {}
  static int32_t append(vh_component_sink* self, const vh_component* c) {
    std::string& out = static_cast<Components*>(self)->json;
    out += std::string(out.empty() ? "" : ",") + "\n    {\"interface\": " + quote(c->interface_id) +
           ", \"name\": " + quote(c->name) + ", \"summary\": " + quote(c->summary) +
           ",\n     \"schema\": " + c->schema + "}";
    return VH_OK;
  }
  std::string json;
};

std::string components_of(const vh_plugin_entry& entry) {
  const auto* plugin = static_cast<const vh_plugin_1*>(entry.get(VH_PLUGIN_1, ""));
  if (!plugin) throw std::runtime_error(std::string("doesn't serve ") + VH_PLUGIN_1);
  vh_error err{};
  err.struct_size = sizeof err;
  Components components;
  if (plugin->components(&components, &err) != VH_OK) throw std::runtime_error(err.message);
  if (components.json.empty()) throw std::runtime_error("offers no component");
  return components.json;
}

void write_whole(const std::filesystem::path& path, const std::string& text) {
  const std::filesystem::path temporary = path.string() + ".tmp";
  std::ofstream(temporary, std::ios::binary) << text;
  std::filesystem::rename(temporary, path);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7 || argc > 9) {
    std::cerr << "usage: vhost-describe LIBRARY NAME VERSION LICENCE DESCRIPTION OUT [CHECK [EXTENSIONS]]\n";
    return 2;
  }
  const std::filesystem::path library = argv[1];
  try {
    const std::string bytes = read_file(library);
    check_exports(bytes);
    const vh_plugin_entry& entry = open_entry(library);
    const std::string components = components_of(entry), check = argc > 7 ? argv[7] : "",
                      extensions = argc > 8 ? argv[8] : "";
    write_whole(argv[6], "{\n  \"schema\": 1,\n  \"name\": " + quote(argv[2]) + ",\n  \"version\": " + quote(argv[3]) +
                             ",\n  \"licence\": " + quote(argv[4]) + ",\n  \"description\": " + quote(argv[5]) +
                             ",\n  \"abi\": {\"major\": " + std::to_string(entry.abi_major) +
                             ", \"minor\": " + std::to_string(entry.abi_minor) + ", \"target_minor\": " +
                             std::to_string(entry.target_minor) + "},\n  \"build\": " + quote(build_tag(bytes)) +
                             ",\n  \"library\": " + quote(library.filename().string()) + ",\n  \"sha256\": \"" +
                             sha256_hex(bytes) + "\",\n" + (check.empty() ? "" : "  \"check\": " + check + ",\n") +
                             (extensions.empty() ? "" : "  \"extensions\": " + extensions + ",\n") +
                             "  \"components\": [" + components + "\n  ]\n}\n");
  } catch (const std::exception& e) {
    std::cerr << "vhost-describe: " << library.string() << ": " << e.what() << "\n";
    return 1;
  }
  return 0;
}
