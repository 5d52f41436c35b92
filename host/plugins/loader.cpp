#include "plugins/loader.h"

#define BOOST_DLL_USE_STD_FS
#include <sys/stat.h>

#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <mutex>
#include <tuple>

#include "base/files.h"
#include "plugins/elf_note.h"
#include "plugins/tables.h"

namespace vhost {
namespace {

namespace dll = boost::dll;

struct File {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator<(const File& other) const { return std::tie(device, inode) < std::tie(other.device, other.inode); }
};

// Note [Unchanged files]
// A file whose size and time of change are as they were when it was read is taken as the same: each part of each model
// asks for its library. Within a clock's tick two changes bear one time, so that of a file that was changed less than a
// second before it was read tells nothing.
struct State {
  off_t size = 0;
  timespec changed{};
  bool tells = false;
  bool operator==(const State& other) const {
    return size == other.size && changed.tv_sec == other.changed.tv_sec && changed.tv_nsec == other.changed.tv_nsec &&
           tells && other.tells;
  }
};

struct Entry {
  std::string sha256, refusal;  // refusal: why init or what came after it failed
  State state;
  Package package;
  LoadedPlugin plugin;
  dll::shared_library library;
};

// Note [Libraries are never closed]
// Thread-local destructors, exit handlers and unique symbols of a closed library run into unmapped code, so the
// registry is leaked on purpose and its libraries stay open until the process ends.
struct Registry {
  std::mutex mutex;
  std::map<File, std::unique_ptr<Entry>> entries;
};

Registry& registry() {
  static auto* instance = new Registry;
  return *instance;
}

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}
std::string abi(uint32_t major, uint32_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

std::string hex(uint32_t value) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text = "0x";
  for (int shift = 28; shift >= 0; shift -= 4) text += digits[value >> shift & 15];
  return text;
}

[[noreturn]] void refuse(const Package& package, const std::string& why) {
  throw Error("plugin " + package.name + " " + package.version + ": " + why + " (" + package.library.string() + ")");
}

// What an author put into 32 bytes, safe to print.
std::string printable(const char* text) {
  std::string result;
  for (; *text; ++text) result += *text >= ' ' && *text < 127 ? *text : '?';
  return result;
}

struct Identity {
  File file;
  State state;
};

Identity identify(const Package& package) {
  struct stat info {};
  if (::stat(package.library.c_str(), &info) != 0)
    refuse(package, std::string("its library can't be opened: ") + std::strerror(errno) + "; reinstall the package");
  if (!S_ISREG(info.st_mode)) refuse(package, "its library is no regular file; reinstall the package");
  const bool tells = info.st_ctim.tv_sec + 1 < ::time(nullptr);
  return {{info.st_dev, info.st_ino}, {info.st_size, info.st_ctim, tells}};
}

void check_checksum(const Package& package, const std::string& actual) {
  if (actual != package.sha256)
    refuse(package, "the library's sha256 is " + actual + ", plugin.json says " + package.sha256 +
                        ": it isn't the file that was packed; build or install the package again");
}

void check_with_metadata(const Package& package, const vh_elf_note& note) {
  const std::string again = "; write plugin.json again with the SDK's tool, from this library";
  if (note.abi_major != package.abi_major || note.abi_minor != package.abi_minor)
    refuse(package, "the library is built with ABI " + abi(note.abi_major, note.abi_minor) + ", plugin.json says " +
                        abi(package.abi_major, package.abi_minor) + again);
  if (note.target_minor != package.target_minor)
    refuse(package, "the library needs minor " + std::to_string(note.target_minor) + ", plugin.json says " +
                        std::to_string(package.target_minor) + again);
  const std::string tag = printable(note.build_tag);
  if (tag != package.build)
    refuse(package,
           "the library's build tag is " + quoted(tag) + ", plugin.json says " + quoted(package.build) + again);
}

void check_with_host(const Package& package, const vh_elf_note& note) {
  if (note.magic != VH_PLUGIN_MAGIC)
    refuse(package, "its magic is " + hex(note.magic) + ", this host's " + hex(VH_PLUGIN_MAGIC) +
                        ": it isn't built with the vhost SDK");
  if (note.abi_major != VH_ABI_MAJOR)
    refuse(package, "it is built for ABI major " + std::to_string(note.abi_major) + ", this host has " +
                        std::to_string(VH_ABI_MAJOR) + ": " +
                        (note.abi_major > VH_ABI_MAJOR ? "use a newer host" : "build it with this host's SDK"));
  if (note.target_minor > VH_ABI_MINOR)
    refuse(package, "it needs ABI " + abi(note.abi_major, note.target_minor) + ", this host has " +
                        abi(VH_ABI_MAJOR, VH_ABI_MINOR) +
                        ": use a newer host, or build the plugin with a lower VH_TARGET_MINOR");
  if (note.abi_minor < VH_ABI_MINOR_OLDEST)
    refuse(package, "it is built with ABI " + abi(note.abi_major, note.abi_minor) + ", this host serves plugins from " +
                        abi(VH_ABI_MAJOR, VH_ABI_MINOR_OLDEST) +
                        " on: build it with a newer SDK, or use an older host");
  const std::string tag = printable(note.build_tag);
  if (tag != "c11" && tag != "c++20")
    refuse(package, "its build tag is " + quoted(tag) +
                        ", this host loads \"c11\" and \"c++20\": " + "build it with this host's SDK");
}

// The entry's numbers, before and after the library is opened.
void check_numbers(const Package& package, const uint32_t (&words)[5], const vh_elf_note& note) {
  if (words[0] < VH_FIELD_END(vh_plugin_entry, get))
    refuse(package, "its entry has struct_size " + std::to_string(words[0]) + ", at least " +
                        std::to_string(VH_FIELD_END(vh_plugin_entry, get)) +
                        " is needed: build it with VH_PLUGIN or VH_C_PLUGIN");
  const auto same = [&](const char* what, uint32_t in_entry, uint32_t in_note) {
    if (in_entry != in_note)
      refuse(package, std::string("its entry and its ELF note differ: ") + what + " " + std::to_string(in_entry) +
                          " and " + std::to_string(in_note) + "; build it with VH_PLUGIN or VH_C_PLUGIN");
  };
  same("magic", words[1], note.magic);
  same("abi_major", words[2], note.abi_major);
  same("abi_minor", words[3], note.abi_minor);
  same("target_minor", words[4], note.target_minor);
}

[[noreturn]] void refuse_unexported(const Package& package) {
  refuse(package, "it doesn't export vh_plugin_entry_v1: build it with VH_PLUGIN or VH_C_PLUGIN, and vhost_add_plugin");
}

void check_entry_in_file(const Package& package, std::string_view bytes, const vh_elf_note& note) {
  const EntryInFile entry = parse_entry(bytes, package.library.string());
  if (!entry.readable) return;
  if (!entry.exported) refuse_unexported(package);
  check_numbers(package, entry.words, note);
}

const vh_plugin_entry* open_library(const Package& package, dll::shared_library& library) {
  try {
    library.load(package.library.string(), dll::load_mode::rtld_now | dll::load_mode::rtld_local);
  } catch (const std::exception& error) {
    refuse(package, std::string("the system can't load its library: ") + error.what());
  }
  if (!library.has("vh_plugin_entry_v1")) refuse_unexported(package);
  return &library.get<const vh_plugin_entry>("vh_plugin_entry_v1");
}

void check_entry(const Package& package, const vh_plugin_entry& entry, const vh_elf_note& note) {
  check_numbers(package, {entry.struct_size, entry.magic, entry.abi_major, entry.abi_minor, entry.target_minor}, note);
  if (!entry.init || !entry.get) refuse(package, "its entry has no init or no get");
}

void start(const Package& package, const vh_plugin_entry& entry, const vh_host* host) {
  vh_error err{};
  err.struct_size = sizeof(err);
  int32_t status = VH_ERR;
  try {
    status = entry.init(host, &err);
  } catch (...) {
    refuse(package, "its init threw a C++ exception, which may not leave a plugin");
  }
  if (status != VH_OK) {
    std::string message(err.message, strnlen(err.message, sizeof(err.message)));
    refuse(package, "its init failed with status " + std::to_string(status) + ": " +
                        (message.empty() ? "it gave no message" : message));
  }
}

void check_served(const Package& package, const vh_plugin_entry& entry) {
  for (const Component& c : package.components) {
    const void* table = entry.get(c.interface_id.c_str(), c.name.c_str());
    if (!table)
      refuse(package, "plugin.json lists " + c.interface_id + " " + quoted(c.name) +
                          ", but the library doesn't serve it; write plugin.json again with the SDK's tool");
    const std::string fault = table_fault(c.interface_id, table);
    if (!fault.empty()) refuse(package, "its table of " + c.interface_id + " " + quoted(c.name) + " " + fault);
  }
}

// As far as a library is compared with it.
bool same_metadata(const Package& a, const Package& b) {
  return a.name == b.name && a.version == b.version && a.sha256 == b.sha256 && a.build == b.build &&
         std::tie(a.abi_major, a.abi_minor, a.target_minor) == std::tie(b.abi_major, b.abi_minor, b.target_minor);
}

}  // namespace

vh_elf_note check_library(const Package& package) {
  identify(package);
  const std::string bytes = read_file(package.library);
  check_checksum(package, sha256_hex(bytes));
  const vh_elf_note note = parse_elf_note(bytes, package.library.string());
  check_with_host(package, note);
  check_with_metadata(package, note);
  check_entry_in_file(package, bytes, note);
  return note;
}

const LoadedPlugin& load_plugin(const Package& package, const vh_host* host) {
  std::lock_guard lock(registry().mutex);
  const auto [file, state] = identify(package);
  const auto known = registry().entries.find(file);
  const bool unchanged = known != registry().entries.end() && known->second->state == state &&
                         same_metadata(known->second->package, package);
  const vh_elf_note note = unchanged ? vh_elf_note{} : check_library(package);
  const std::string& sha256 = package.sha256;  // the library's too, as just checked

  if (known != registry().entries.end()) {
    const Entry& entry = *known->second;
    if (entry.sha256 != sha256)
      refuse(package, "its library was overwritten after this process loaded it; start again");
    if (!entry.refusal.empty()) throw Error(entry.refusal);
    check_served(package, *entry.plugin.entry);
    return entry.plugin;
  }

  auto owned = std::make_unique<Entry>();
  owned->sha256 = sha256;
  owned->state = state;
  owned->package = package;
  Entry& entry = *(registry().entries[file] = std::move(owned));
  try {
    entry.plugin.entry = open_library(entry.package, entry.library);
    check_entry(entry.package, *entry.plugin.entry, note);
    start(entry.package, *entry.plugin.entry, host);
    check_served(entry.package, *entry.plugin.entry);
    entry.plugin.package = &entry.package;
  } catch (const Error& error) {
    entry.refusal = error.what();
    if (!entry.library.is_loaded()) registry().entries.erase(file);
    throw;
  }
  return entry.plugin;
}

}  // namespace vhost
