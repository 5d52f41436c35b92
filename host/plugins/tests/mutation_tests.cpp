// 10 000 mutations, the same on every machine, of plugin.json, ELF files and archives: errors or success, never a crash
// (AddressSanitizer watches in the preset asan), a hang, or a file outside of the package.
#include <archive.h>
#include <archive_entry.h>
#include <sys/resource.h>

#include <boost/test/unit_test.hpp>

#include "packages.h"
#include "plugins/archive.h"
#include "plugins/elf_needed.h"
#include "plugins/elf_note.h"
#include "plugins/install.h"
#include "plugins/package.h"
#include "vhost/random.h"

using namespace vhost;
using namespace vhost::test;

namespace fs = std::filesystem;

namespace {

constexpr int kJson = 4000, kElf = 3000, kRaw = 1000, kTar = 2000;  // 10 000 in all

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {  // splitmix64
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  size_t below(size_t n) { return n ? next() % n : 0; }

 private:
  uint64_t state_;
};

const std::vector<std::string> kNumbers = {
    "0",    "-1", "1e999", "-1e-999", "4294967296", "18446744073709551616", "9223372036854775808", "007777777777",
    "\"\"", "{}", "[]",    "null"};

std::string mutate_once(std::string bytes, Random& random) {
  if (bytes.empty()) return "x";
  const size_t at = random.below(bytes.size()), length = random.below(std::min<size_t>(64, bytes.size() - at)) + 1;
  switch (random.below(8)) {
    case 0:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
      break;
    case 1:
      bytes[at] = static_cast<char>(random.next());
      break;
    case 2:
      bytes.resize(at);
      break;
    case 3:
      bytes.erase(at, length);
      break;
    case 4:
      bytes.insert(random.below(bytes.size()), bytes.substr(at, length));
      break;
    case 5: {  // a splice of two parts of the file
      const size_t to = random.below(bytes.size());
      bytes.replace(to, std::min(length, bytes.size() - to), bytes.substr(at, length));
      break;
    }
    case 6:
      for (size_t i = at; i < std::min(at + 8, bytes.size()); ++i)
        bytes[i] = static_cast<char>(random.below(2) ? 0xff : 0);
      break;
    default: {  // a number, as text
      const size_t digit = bytes.find_first_of("0123456789", at);
      if (digit == std::string::npos) break;
      const size_t end = std::min(bytes.find_first_not_of("0123456789", digit), bytes.size());
      bytes.replace(digit, end - digit, kNumbers[random.below(kNumbers.size())]);
    }
  }
  return bytes;
}

std::string mutated(std::string bytes, Random& random) {
  for (size_t n = 1 + random.below(3); n > 0; --n) bytes = mutate_once(std::move(bytes), random);
  return bytes;
}

struct Tally {
  int passed = 0, refused = 0;
  // Runs it; an Error with a message is as good as success, anything else that is thrown fails the test.
  template <class Fn>
  void run(int i, const Fn& fn) {
    try {
      fn();
      ++passed;
    } catch (const Error& error) {
      if (std::string(error.what()).empty()) BOOST_ERROR("mutation " << i << ": an error without a message");
      ++refused;
    } catch (const std::exception& error) {
      BOOST_ERROR("mutation " << i << ": " << error.what());
    }
  }
};

la_ssize_t append(::archive*, void* out, const void* bytes, size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

// One zstd frame around any bytes, so that a mutated tar reaches the tar reader.
std::string compress(const std::string& bytes) {
  std::string out;
  ::archive* writer = ::archive_write_new();
  ::archive_entry* entry = ::archive_entry_new();
  ::archive_write_set_format_raw(writer);
  ::archive_write_add_filter_zstd(writer);
  ::archive_write_set_options(writer, "zstd:compression-level=1");
  ::archive_write_set_bytes_in_last_block(writer, 1);
  ::archive_write_open(writer, &out, nullptr, append, nullptr);
  ::archive_entry_set_filetype(entry, AE_IFREG);
  ::archive_write_header(writer, entry);
  ::archive_write_data(writer, bytes.data(), bytes.size());
  ::archive_write_close(writer);
  ::archive_entry_free(entry);
  ::archive_write_free(writer);
  return out;
}

std::string decompress(const fs::path& file) {
  std::string out, piece(1 << 16, '\0');
  ::archive* reader = ::archive_read_new();
  ::archive_entry* entry = nullptr;
  ::archive_read_support_format_raw(reader);
  ::archive_read_support_filter_zstd(reader);
  ::archive_read_open_filename(reader, file.c_str(), 1 << 16);
  ::archive_read_next_header(reader, &entry);
  for (la_ssize_t n; (n = ::archive_read_data(reader, piece.data(), piece.size())) > 0;)
    out.append(piece.data(), static_cast<size_t>(n));
  ::archive_read_free(reader);
  return out;
}

void fix_checksum(std::string& tar, size_t header) {
  std::fill_n(tar.begin() + static_cast<std::ptrdiff_t>(header) + 148, 8, ' ');
  unsigned sum = 0;
  for (size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(tar[header + i]);
  char text[9];
  std::snprintf(text, sizeof text, "%06o", sum);
  tar.replace(header + 148, 7, text, 7);
}

// A field of a header, with the checksum made right again: the reader believes it.
std::string mutate_header(std::string tar, const std::vector<size_t>& headers, Random& random) {
  struct Field {
    size_t at, size;
  };
  static constexpr Field fields[] = {{0, 100}, {100, 8},   {124, 12}, {136, 12},
                                     {156, 1}, {157, 100}, {257, 8},  {345, 155}};
  static const std::vector<std::string> texts = {"/etc/passwd",
                                                 "../../../../x",
                                                 "\xff\xff\xff\xff\xff\xff\xff\xff",
                                                 "77777777777",
                                                 "00000000001",
                                                 "-0000000001",
                                                 "\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                                                 "toyc/1.0.0/toyc/1.0.0",
                                                 "a//b",
                                                 "TOY/1.0.0/plugin.json",
                                                 ""};
  const size_t header = headers[random.below(headers.size())];
  const Field field = fields[random.below(std::size(fields))];
  std::string value;
  if (field.size == 1)
    value = std::string(1, "0123456LKxgSDVNMA\0"[random.below(18)]);
  else if (random.below(2))
    value = texts[random.below(texts.size())].substr(0, field.size);
  else
    value = mutated(tar.substr(header + field.at, field.size), random).substr(0, field.size);
  value.resize(field.size, '\0');
  tar.replace(header + field.at, field.size, value);
  fix_checksum(tar, header);
  return tar;
}

std::vector<size_t> headers_of(const std::string& tar) {
  std::vector<size_t> headers;
  for (size_t at = 0; at + 512 <= tar.size() && tar[at] != 0;) {
    headers.push_back(at);
    at += 512 + (std::stoul(tar.substr(at + 124, 11), nullptr, 8) + 511) / 512 * 512;
  }
  return headers;
}

// Folders made from here on lie in memory where that is possible: syncs cost nothing there.
struct InMemory {
  InMemory() {
    if (fs::is_directory("/dev/shm")) setenv("TMPDIR", "/dev/shm", 1);
  }
};

// A good archive, and a folder to install into; what an installation leaves is looked at.
struct Archives {
  InMemory in_memory;
  TempFolder root;
  fs::path file = root.path / "x.tar.zst", to = root.path / "to";
  std::string good;
  Tally tally;

  Archives() {
    json::object data = metadata("toy", "1.0.0");
    const auto folder = write_package(root.path / "source", data, FIXTURE);
    write_text(folder / "README.md", "A test's\n");
    std::vector<PackageFile> files = list_files(folder);
    write_archive(file, folder, "toy/1.0.0", files);
    good = read_file(file);
  }

  void install(int i, const std::string& bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
    InstallRequest request{file, to, /*force=*/true, {}};
    request.limits.unpacked = 8 << 20;
    const int before = tally.passed;
    tally.run(i, [&] { install_package(request); });
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(to, error))
      if (entry.path().filename() != "toy") BOOST_ERROR("mutation " << i << " leaves " << entry.path());
    const bool there = fs::exists(to / "toy/1.0.0");
    if (there != (tally.passed > before))
      BOOST_ERROR("mutation " << i << ": installed, but refused, or the other way round");
    fs::remove_all(to);
    size_t beside = 0;
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(root.path)) ++beside;
    if (beside != 2) BOOST_ERROR("mutation " << i << " wrote outside of its folder");
  }
};

void check_tally(const Tally& tally, int count) {
  BOOST_TEST(tally.passed + tally.refused == count);
  BOOST_TEST(tally.refused > count / 2);  // else nothing was mutated
  BOOST_TEST_MESSAGE(tally.refused << " refused, " << tally.passed << " harmless");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mutation_tests)

BOOST_AUTO_TEST_CASE(mutated_plugin_json_is_read_or_refused) {
  TempFolder root;
  json::object data = metadata("toy", "1.2.0-rc.1");
  data["components"] = json::array{
      component("vh.loss/1", "mse",
                R"({"k":{"type":"integer","minimum":0,"maximum":10,"default":3,"description":"d"}})"),
      component("vh.head/1", "mse", R"({"a":{"enum":["x","y"],"default":"x"},"b":{"type":["number","null"]}})")};
  const std::string good = json::serialize(data);
  Random random(1);
  Tally tally;
  for (int i = 0; i < kJson; ++i) tally.run(i, [&, text = mutated(good, random)] { parse_package(text, root.path); });
  check_tally(tally, kJson);
}

BOOST_AUTO_TEST_CASE(mutated_libraries_are_read_or_refused) {
  const std::string good = read_file(FIXTURE);
  const std::string file = "libtoy.so";
  Random random(2);
  Tally tally;
  for (int i = 0; i < kElf; ++i) {
    std::string bytes = good;
    // Mostly where the readers look: the header, the tables at both ends.
    for (size_t n = 1 + random.below(4); n > 0; --n) {
      const size_t part = std::min<size_t>(2048, bytes.size()), from = random.below(2) ? 0 : bytes.size() - part;
      std::string piece = mutate_once(bytes.substr(from, part), random);
      bytes.replace(from, part, piece);
    }
    tally.run(i, [&] {
      parse_elf_note(bytes, file);
      parse_elf_dynamic(bytes, file);
    });
  }
  BOOST_TEST(tally.passed + tally.refused == kElf);
  BOOST_TEST(tally.refused > kElf / 10);
  BOOST_TEST_MESSAGE(tally.refused << " refused, " << tally.passed << " harmless");
}

BOOST_AUTO_TEST_CASE(mutated_archives_are_installed_whole_or_refused) {
  Archives archives;
  archives.install(-1, archives.good);
  BOOST_REQUIRE(archives.tally.passed == 1);
  archives.tally = {};
  Random random(3);
  for (int i = 0; i < kRaw; ++i) archives.install(i, mutated(archives.good, random));
  check_tally(archives.tally, kRaw);
}

BOOST_AUTO_TEST_CASE(mutated_tars_within_good_zstd_are_installed_whole_or_refused) {
  Archives archives;
  std::ofstream(archives.file, std::ios::binary | std::ios::trunc) << archives.good;
  const std::string tar = decompress(archives.file);
  const std::vector<size_t> headers = headers_of(tar);
  BOOST_REQUIRE(headers.size() == 4u);
  archives.install(-1, compress(tar));
  BOOST_REQUIRE(archives.tally.passed == 1);
  archives.tally = {};
  Random random(4);
  for (int i = 0; i < kTar; ++i)
    archives.install(i, compress(random.below(3) ? mutate_header(tar, headers, random) : mutated(tar, random)));
  check_tally(archives.tally, kTar);
}

BOOST_AUTO_TEST_CASE(bombs_are_refused_before_they_unfold) {
  Archives archives;
  std::ofstream(archives.file, std::ios::binary | std::ios::trunc) << archives.good;
  std::string tar = decompress(archives.file);
  tar.resize(headers_of(tar).back());
  const std::string zeros(512 << 10, '\0');
  struct rusage before {
  }, after{};
  ::getrusage(RUSAGE_SELF, &before);
  // A file that claims more than it holds; many frames; gigabytes of zeros in one special header after another.
  std::string header = tar.substr(0, 512), name = "toy/1.0.0/zeros";
  name.resize(100, '\0');
  header.replace(0, 100, name).replace(124, 12, std::string("77777777777") + '\0');
  fix_checksum(header, 0);
  archives.install(0, compress(tar + header + zeros));
  std::string frames = compress(tar + header);
  const std::string frame = compress(zeros);
  for (int i = 0; i < 4096; ++i) frames += frame;  // 2 GiB
  archives.install(1, frames);
  header[156] = 'L';
  fix_checksum(header, 0);
  archives.install(2, compress(tar + header + zeros));
  BOOST_TEST(archives.tally.refused == 3);
  ::getrusage(RUSAGE_SELF, &after);
  BOOST_TEST(after.ru_maxrss - before.ru_maxrss < 256 << 10);  // KiB
}

BOOST_AUTO_TEST_SUITE_END()
