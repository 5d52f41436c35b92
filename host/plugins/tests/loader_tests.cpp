#include <elf.h>

#include <boost/test/unit_test.hpp>
#include <cstring>

#include "packages.h"
#include "plugins/elf_note.h"
#include "plugins/loader.h"
#include "services/services.h"
#include "vhost/random.h"

using namespace vhost;
using namespace vhost::test;

namespace fs = std::filesystem;

namespace {

fs::path fixture(const std::string& name) {
  return fs::path(FIXTURES) / (name + ".so");
}

// A temporary folder of packages, and what their constructors and inits have written.
struct Installed : TempFolder {
  Installed() { setenv("VHOST_TEST_TRACE", (path / "trace").c_str(), 1); }
  ~Installed() { unsetenv("VHOST_TEST_TRACE"); }

  Package install(const std::string& name, const std::string& fixture_name, json::object data) const {
    data["name"] = name;
    return read_package(write_package(path, data, fixture(fixture_name)));
  }
  Package install(const std::string& fixture_name) const {
    return install("toy", fixture_name, metadata("toy", "1.0.0"));
  }
  std::string trace() const { return fs::exists(path / "trace") ? read_file(path / "trace") : ""; }
};

std::string error_loading(const Package& package) {
  return error_of([&] { load_plugin(package, host_table()); });
}

json::object with_abi(uint32_t major, uint32_t minor, uint32_t target) {
  json::object data = metadata("toy", "1.0.0");
  data["abi"] = {{"major", major}, {"minor", minor}, {"target_minor", target}};
  return data;
}

void check_refusal(const Package& package, const std::string& why) {
  const std::string error = error_loading(package);
  BOOST_TEST_CONTEXT(error) {
    BOOST_TEST(error.starts_with("plugin toy 1.0.0: "));
    BOOST_TEST(error.find(why) != std::string::npos);
    BOOST_TEST(error.find(package.library.string()) != std::string::npos);
  }
}

// As after `strip --strip-section-headers`.
std::string without_sections(std::string bytes) {
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  header.e_shoff = 0, header.e_shnum = 0, header.e_shstrndx = 0;
  std::memcpy(bytes.data(), &header, sizeof(header));
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loader_tests)

BOOST_AUTO_TEST_CASE(a_fit_plugin_loads_and_its_init_runs_once) {
  Installed installed;
  const Package package = installed.install("fit");
  const LoadedPlugin& plugin = load_plugin(package, host_table());
  BOOST_TEST(plugin.entry->get("vh.loss/1", "mse") != nullptr);
  BOOST_TEST(plugin.entry->get("vh.head/1", "mse") == nullptr);
  BOOST_TEST(plugin.package->name == "toy");
  BOOST_TEST(plugin.package != &package);
  BOOST_TEST(&load_plugin(package, host_table()) == &plugin);
  BOOST_TEST(installed.trace() == "constructor\ninit\n");
}

BOOST_AUTO_TEST_CASE(the_same_file_by_symlink_is_loaded_once) {
  Installed installed;
  const Package package = installed.install("fit");
  const LoadedPlugin& plugin = load_plugin(package, host_table());
  fs::create_directory_symlink(installed.path / "toy", installed.path / "alias");
  Package other = package;
  other.library = installed.path / "alias/1.0.0/libtoy.so";
  BOOST_TEST(&load_plugin(other, host_table()) == &plugin);
  fs::create_hard_link(package.library, installed.path / "hard.so");
  other.library = installed.path / "hard.so";
  BOOST_TEST(&load_plugin(other, host_table()) == &plugin);
  BOOST_TEST(installed.trace() == "constructor\ninit\n");
}

BOOST_AUTO_TEST_CASE(unfit_binaries_are_refused_before_any_of_their_code_runs) {
  struct Row {
    const char* fixture;
    json::object data;
    std::string why;
  };
  const uint32_t major = VH_ABI_MAJOR, minor = VH_ABI_MINOR, target = VH_ABI_MINOR_OLDEST;
  const std::string host = std::to_string(major) + "." + std::to_string(minor);
  const std::string newer = std::to_string(major) + "." + std::to_string(minor + 1);
  json::object other_tag = metadata("toy", "1.0.0"), unknown_tag = other_tag;
  other_tag["build"] = "c++20";
  unknown_tag["build"] = "torch-cxx 2.11";
  const std::string again = "; write plugin.json again with the SDK's tool, from this library";
  const Row rows[] = {
      {"wrong_magic", metadata("toy", "1.0.0"),
       "its magic is 0x12345678, this host's 0x54534856: it isn't built with the vhost SDK"},
      {"other_major", with_abi(major + 1, minor, target),
       "it is built for ABI major " + std::to_string(major + 1) + ", this host has " + std::to_string(major) +
           ": use a newer host"},
      {"newer_target", with_abi(major, minor + 1, minor + 1),
       "it needs ABI " + newer + ", this host has " + host +
           ": use a newer host, or build the plugin with a lower VH_TARGET_MINOR"},
      {"older", with_abi(major, target - 1, target - 1),
       "it is built with ABI " + std::to_string(major) + "." + std::to_string(target - 1) +
           ", this host serves plugins from " + std::to_string(major) + "." + std::to_string(target) +
           " on: build it with a newer SDK, or use an older host"},
      {"short_entry", metadata("toy", "1.0.0"), "its entry has struct_size 40, at least 48 is needed"},
      {"entry_differs", metadata("toy", "1.0.0"), "its entry and its ELF note differ: target_minor 0 and 1"},
      {"no_export", metadata("toy", "1.0.0"),
       "it doesn't export vh_plugin_entry_v1: build it with VH_PLUGIN or VH_C_PLUGIN"},
      {"wrong_tag", unknown_tag, "its build tag is \"torch-cxx 2.11\", this host loads \"c11\" and \"c++20\""},
      {"fit", other_tag, "the library's build tag is \"c11\", plugin.json says \"c++20\"" + again},
      {"fit", with_abi(major, minor + 1, target),
       "the library is built with ABI " + host + ", plugin.json says " + newer + again},
      {"fit", with_abi(major + 1, minor, target), "the library is built with ABI " + host},
      {"fit", with_abi(major, minor, target - 1),
       "the library needs minor " + std::to_string(target) + ", plugin.json says " + std::to_string(target - 1) +
           again},
  };
  for (const Row& row : rows) {
    Installed installed;
    BOOST_TEST_CONTEXT(row.fixture) {
      check_refusal(installed.install("toy", row.fixture, row.data), row.why);
      BOOST_TEST(installed.trace() == "");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_library_without_a_note_is_refused_before_its_code_runs) {
  Installed installed;
  const Package package = installed.install("no_note");
  BOOST_TEST(error_loading(package) ==
             package.library.string() +
                 ": has no .note.vhost: it is no vhost plugin, or wasn't built with VH_PLUGIN or VH_C_PLUGIN");
  BOOST_TEST(installed.trace() == "");
}

BOOST_AUTO_TEST_CASE(a_wrong_checksum_is_refused_with_both_sums) {
  Installed installed;
  Package package = installed.install("fit");
  const std::string actual = package.sha256;
  package.sha256 = std::string(64, 'a');
  check_refusal(package, "the library's sha256 is " + actual + ", plugin.json says " + package.sha256 +
                             ": it isn't the file that was packed; build or install the package again");
  BOOST_TEST(installed.trace() == "");
}

BOOST_AUTO_TEST_CASE(a_library_cut_short_is_refused_at_every_length) {
  Installed installed;
  const std::string whole = read_file(fixture("fit"));
  Package package = installed.install("fit");
  for (size_t size = 0; size < whole.size(); size = size < 4096 ? size + 61 : size + 1009) {
    write_text(package.library, whole.substr(0, size));
    package.sha256 = sha256_file(package.library);
    const std::string error = error_loading(package);
    BOOST_TEST_CONTEXT(size << ": " << error) {
      BOOST_TEST(error.starts_with(package.library.string() + ": is "));
      BOOST_TEST((error.find("is cut short") != std::string::npos || size < 4));
    }
  }
  BOOST_TEST(installed.trace() == "");
}

BOOST_AUTO_TEST_CASE(two_notes_are_refused_with_what_both_say) {
  Installed installed;
  const Package package = installed.install("two_notes");
  const std::string error = error_loading(package);
  for (const char* part :
       {": has 2 notes .note.vhost: the first says ABI 0.1 for hosts from minor ", "ABI 0.1 for hosts from minor 1 on",
        "ABI 0.1 for hosts from minor 2 on", "; one VH_PLUGIN or VH_C_PLUGIN stands in one file"})
    BOOST_TEST(error.find(part) != std::string::npos, error);
  BOOST_TEST(installed.trace() == "");
}

// A library without section headers shows its entry only once it is open.
BOOST_AUTO_TEST_CASE(what_shows_only_after_opening_is_refused_and_stays_refused) {
  struct Row {
    const char *fixture, *why, *trace;
    bool stripped = false;
  };
  const Row rows[] = {
      {"short_entry", "its entry has struct_size 40, at least 48 is needed", "constructor\n", true},
      {"entry_differs", "its entry and its ELF note differ: target_minor 0 and 1", "constructor\n", true},
      {"no_export", "it doesn't export vh_plugin_entry_v1: build it with VH_PLUGIN or VH_C_PLUGIN", "constructor\n",
       true},
      {"init_fails", "its init failed with status 6: needs a Tuesday", "constructor\ninit\n"},
      {"get_null", "plugin.json lists vh.loss/1 \"mse\", but the library doesn't serve it", "constructor\ninit\n"},
      {"short_table", "its table of vh.loss/1 \"mse\" has struct_size 40, its slot normaliser ends at 48",
       "constructor\ninit\n"},
      {"empty_slot", "its table of vh.loss/1 \"mse\" leaves its slot run empty", "constructor\ninit\n"},
  };
  for (const Row& row : rows) {
    Installed installed;
    Package package = installed.install(row.fixture);
    if (row.stripped) {
      write_text(package.library, without_sections(read_file(package.library)));
      package.sha256 = sha256_file(package.library);
    }
    BOOST_TEST_CONTEXT(row.fixture) {
      check_refusal(package, row.why);
      check_refusal(package, row.why);
      BOOST_TEST(installed.trace() == row.trace);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_missing_or_odd_library_is_named) {
  Installed installed;
  Package package = installed.install("fit");
  fs::remove(package.library);
  check_refusal(package, "its library can't be opened: No such file or directory; reinstall the package");
  fs::create_directory(package.library);
  check_refusal(package, "its library is no regular file");
}

BOOST_AUTO_TEST_CASE(a_library_overwritten_while_it_is_loaded_is_refused) {
  Installed installed;
  Package package = installed.install("fit");
  load_plugin(package, host_table());
  std::ofstream(package.library, std::ios::app) << "tail";
  package.sha256 = sha256_file(package.library);
  check_refusal(package, "its library was overwritten after this process loaded it; start again");
}

BOOST_AUTO_TEST_CASE(two_versions_side_by_side_have_their_own_statics) {
  struct Table {
    uint32_t struct_size, version;
    int (*next)();
  };
  Installed installed;
  json::object data = metadata("toy", "1.0.0");
  data["build"] = "c++20";
  data["components"] = json::array{component("vh.counter/1", "mse")};  // unknown to the host: its table isn't looked at
  const Package one = installed.install("toy", "statics_1", data);
  data["version"] = "2.0.0";
  const Package two = installed.install("toy", "statics_2", data);
  const auto table = [](const Package& package) {
    return static_cast<const Table*>(load_plugin(package, host_table()).entry->get("vh.loss/1", "mse"));
  };
  const Table *first = table(one), *second = table(two);
  BOOST_TEST(first->version == 1u);
  BOOST_TEST(second->version == 2u);
  BOOST_TEST(first->next() == 101 + 1001);
  BOOST_TEST(first->next() == 102 + 1002);
  BOOST_TEST(second->next() == 201 + 2001);
  BOOST_TEST(first->next() == 103 + 1003);
}

BOOST_AUTO_TEST_CASE(the_note_is_read_without_opening) {
  const vh_elf_note note = read_elf_note(fixture("newer_target"));
  BOOST_TEST(note.magic == VH_PLUGIN_MAGIC);
  BOOST_TEST(note.abi_major == VH_ABI_MAJOR);
  BOOST_TEST(note.abi_minor == VH_ABI_MINOR + 1);
  BOOST_TEST(note.target_minor == VH_ABI_MINOR + 1);
  BOOST_TEST(std::string(note.build_tag) == "c11");
  BOOST_TEST(std::string(read_elf_note(fixture("statics_1")).build_tag) == "c++20");
}

BOOST_AUTO_TEST_CASE(the_note_is_found_without_section_headers) {
  const std::string bytes = without_sections(read_file(fixture("fit")));
  BOOST_TEST(parse_elf_note(bytes, "stripped.so").magic == VH_PLUGIN_MAGIC);
}

BOOST_AUTO_TEST_CASE(files_for_other_machines_and_other_kinds_are_named) {
  const std::string good = read_file(fixture("fit"));
  const auto changed = [&](const std::function<void(Elf64_Ehdr&)>& change) {
    std::string bytes = good;
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    change(header);
    std::memcpy(bytes.data(), &header, sizeof(header));
    return error_of([&] { parse_elf_note(bytes, "x.so"); });
  };
  BOOST_TEST(changed([](auto& h) { h.e_machine = EM_RISCV; }).starts_with("x.so: is built for riscv, this host is "));
  BOOST_TEST(
      changed([](auto& h) { h.e_machine = 9999; }).starts_with("x.so: is built for machine 9999, this host is "));
  BOOST_TEST(
      changed([](auto& h) { h.e_ident[EI_CLASS] = ELFCLASS32; }).starts_with("x.so: is no 64-bit little-endian"));
  BOOST_TEST(
      changed([](auto& h) { h.e_ident[EI_DATA] = ELFDATA2MSB; }).starts_with("x.so: is no 64-bit little-endian"));
  BOOST_TEST(changed([](auto& h) { h.e_type = ET_REL; }) ==
             "x.so: is an ELF file, but no shared library: build it with -shared");
  BOOST_TEST(
      changed([](auto& h) { h.e_shoff = ~0ull - 8; }).starts_with("x.so: is cut short: its section header table"));
  BOOST_TEST(changed([](auto& h) { h.e_shentsize = 1; }) == "x.so: has section headers of an unknown size");
  BOOST_TEST(error_of([] { parse_elf_note("#!/bin/sh\n", "x.so"); }) ==
             "x.so: is no ELF file: a plugin is a shared library (.so)");
  BOOST_TEST(error_of([] { parse_elf_note("", "x.so"); }).starts_with("x.so: is no ELF file"));
}

BOOST_AUTO_TEST_CASE(mutated_libraries_give_a_note_or_an_error_and_nothing_else) {
  const std::string good = read_file(fixture("fit"));
  Elf64_Ehdr header;
  std::memcpy(&header, good.data(), sizeof(header));
  const size_t note = good.find("vhost\0\0\0VHST", 0, 12) - 12;
  // Where a changed byte matters: the header, program headers, the note and the section headers.
  const std::pair<size_t, size_t> regions[] = {{0, sizeof(header)},
                                               {header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr)},
                                               {note, sizeof(vh_elf_note)},
                                               {header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr)}};
  vh_random random = vh_random_from(5);
  int refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = good;
    for (int64_t n = 1 + vh_random_below(&random, 8); n > 0; --n) {
      const auto [from, size] = regions[vh_random_below(&random, 4)];
      const size_t at = from + static_cast<size_t>(vh_random_below(&random, static_cast<int64_t>(size)));
      const int64_t kind = vh_random_below(&random, 3);
      bytes[at] = static_cast<char>(kind == 0 ? 0xff : kind == 1 ? 0 : vh_random_below(&random, 256));
    }
    if (vh_random_below(&random, 4) == 0)
      bytes.resize(static_cast<size_t>(vh_random_below(&random, static_cast<int64_t>(bytes.size()))));
    try {
      const vh_elf_note found = parse_elf_note(bytes, "mutant.so");
      BOOST_REQUIRE(strnlen(found.build_tag, sizeof(found.build_tag)) < sizeof(found.build_tag));
      parse_entry(bytes, "mutant.so");
    } catch (const Error&) {
      ++refused;
    }
  }
  BOOST_TEST(refused > 1000);
  BOOST_TEST(refused < 5000);
}

BOOST_AUTO_TEST_SUITE_END()
