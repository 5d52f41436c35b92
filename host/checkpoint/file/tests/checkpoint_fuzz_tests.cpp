// 20 000 checkpoints, each made of a real one by a few seeded changes: they are read, or refused with one line.
#include <boost/test/unit_test.hpp>
#include <random>

#include "hostile.h"

using namespace vhost::testing;

namespace {

constexpr int kCheckpoints = 20000;
// Beyond it a file may cost this much per byte of it, and a constant.
constexpr size_t kBytesPerByte = 100, kConstant = 128 << 10;

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  // Every second time only the first half is changed, where all of them have their pickle or header. What is put into a
  // zip file replaces bytes: else its offsets would be all that is tried.
  std::string changed(std::string file) {
    inserts_ = !file.starts_with("PK");
    const size_t first = below(2) ? file.size() / 2 : file.size();
    for (size_t i = 0, n = 1 + below(3); i < n && !file.empty(); ++i) {
      reach_ = std::min(first, file.size());
      change(file);
    }
    return file;
  }

 private:
  size_t below(size_t n) { return n ? random_() % n : 0; }

  void change(std::string& file) {
    switch (below(12)) {
      case 0:
        file.resize(below(file.size()));
        break;
      case 1:
      case 2:
        flip(file);
        break;
      case 3:
      case 4:
        set_length(file);
        break;
      case 5:
      case 6:
        splice(file);
        break;
      case 7:
      case 8:
        move(file);
        break;
      default:
        file[below(reach_)] = opcode();
        break;
    }
  }
  void flip(std::string& file) {
    for (size_t i = 0, n = 1 + below(8); i < n; ++i) file[below(reach_)] ^= static_cast<char>(1 << below(8));
  }
  void set_length(std::string& file) {
    const size_t bytes = size_t{1} << below(4), at = below(reach_);
    const uint64_t values[] = {0,    1,          file.size(), file.size() - at, uint64_t{1} << below(64), 0x7fffffff,
                               0xff, 0xffffffff, below(256),  ~uint64_t{0},     ~uint64_t{0} >> 1,        below(65536)};
    const uint64_t value = values[below(std::size(values))];
    for (size_t i = 0; i < bytes && at + i < file.size(); ++i) file[at + i] = static_cast<char>(value >> (8 * i));
  }
  void splice(std::string& file) {
    std::string added;
    for (size_t i = 0, n = 1 + below(6); i < n; ++i) added += opcode();
    const bool replaces = !inserts_ || below(2) == 0;
    const size_t at = below(reach_);
    file.replace(at, replaces ? added.size() : 0, added);
  }
  void move(std::string& file) {
    const std::string part = file.substr(below(file.size()), 1 + below(64));
    const bool replaces = !inserts_ || below(2) == 0;
    file.replace(below(reach_), replaces ? part.size() : 0, part);
  }
  char opcode() {
    static constexpr char kOpcodes[] =
        "().01N2JKMGTUXBC]ael)tu}dscRbQqrhjIFLSVgpPio\x80\x81\x82\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91"
        "\x92\x93\x94\x95\x96\x97\x98{[]:,\"0123456789";
    return kOpcodes[below(sizeof kOpcodes - 1)];
  }

  std::mt19937_64 random_;
  bool inserts_ = true;
  size_t reach_ = 0;  // changes begin before it
};

}  // namespace

BOOST_AUTO_TEST_CASE(changed_checkpoints_are_read_or_refused) {
  const std::string seeds[] = {seed("zip2.pth"), seed("stream2.pth"), seed("flat.safetensors"), seed("zip4.pth"),
                               seed("stream4.pth")};
  int read = 0, refused = 0;
  double most_per_byte = 0;
  for (int i = 0; i < kCheckpoints; ++i) {
    const std::string file =
        Mutator(static_cast<uint64_t>(i)).changed(seeds[static_cast<size_t>(i) % std::size(seeds)]);
    reset_peak();
    try {
      read_bytes(file);
      ++read;
    } catch (const vhost::Error& error) {
      ++refused;
      const std::string message = error.what();
      if (!message.starts_with("x.pth") || message.find('\n') != std::string::npos)
        BOOST_ERROR("checkpoint " << i << ": no line about the file: " << message);
    } catch (const std::exception& error) {
      BOOST_ERROR("checkpoint " << i << ": " << error.what());
    }
    most_per_byte =
        std::max(most_per_byte, static_cast<double>(peak_bytes()) / static_cast<double>(file.size() + 1000));
    if (peak_bytes() > kConstant + kBytesPerByte * file.size())
      BOOST_ERROR("checkpoint " << i << ": " << peak_bytes() << " bytes for a file of " << file.size());
  }
  BOOST_TEST_MESSAGE(read << " read, " << refused << " refused, at most " << most_per_byte << " bytes per byte");
  BOOST_TEST(read > kCheckpoints / 10);
  BOOST_TEST(refused > kCheckpoints / 3);
}
