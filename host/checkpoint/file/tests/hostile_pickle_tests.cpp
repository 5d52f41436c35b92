#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "hostile.h"

namespace fs = std::filesystem;
using namespace vhost::testing;
using namespace std::string_literals;

namespace {

std::string repeated(const std::string& text, size_t n) {
  std::string out;
  out.reserve(text.size() * n);
  for (size_t i = 0; i < n; ++i) out += text;
  return out;
}

std::string error_of(const std::string& file) {
  try {
    read_bytes(file);
  } catch (const vhost::Error& error) {
    return error.what();
  }
  return "no error";
}

void refused(const std::string& pickle, const std::string& reason) {
  const std::string message = error_of(stream_of(pickle));
  BOOST_TEST_CONTEXT(message) {
    BOOST_TEST(message.starts_with("x.pth: "));
    BOOST_TEST(message.find('\n') == std::string::npos);
    BOOST_TEST(message.find(reason) != std::string::npos);
  }
}

std::string number(int64_t value) {
  std::string bytes = "\x8a\x08"s;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
  return bytes;
}
std::string text(const std::string& value) {
  return "X" + std::string{static_cast<char>(value.size()), 0, 0, 0} + value;
}
std::string tuple(const std::vector<int64_t>& values) {
  std::string out = "(";
  for (const int64_t value : values) out += number(value);
  return out + "t";
}

// A tensor on storage "0" of four floats.
std::string tensor(int64_t offset, const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" + text("0") +
         text("cpu") + number(4) + "NtQ" + number(offset) + tuple(sizes) + tuple(strides) + "\x89}tR";
}

std::string with_storage(const std::string& pickle) {
  std::string file = stream_of(pickle);
  file.resize(file.size() - 4);
  return file + "\x80\x02]" + text("0") + "a." + "\x04"s + std::string(7, '\0') + std::string(16, '\0');
}

void tensor_refused(const std::string& tensor_pickle, const std::string& reason) {
  const std::string message = error_of(with_storage("\x80\x02}" + text("w") + tensor_pickle + "s."));
  BOOST_TEST_CONTEXT(message) BOOST_TEST(message.find(reason) != std::string::npos);
}

}  // namespace

BOOST_AUTO_TEST_CASE(calls_are_named_and_not_made) {
  const fs::path mark = fs::temp_directory_path() / ("vhost-was-run-" + std::to_string(getpid()));
  const std::string command = "touch " + mark.string();
  for (const char* function :
       {"posix\nsystem", "os\nsystem", "builtins\neval", "subprocess\nPopen", "builtins\nexec"}) {
    const auto other =
        read_bytes(stream_of("\x80\x02}" + text("a") + "c" + function + "\n" + text(command) + "\x85Rs.")).other;
    std::string name = function;
    name[name.find('\n')] = '.';
    BOOST_TEST(other.at("a").as_string() == name);
  }
  BOOST_TEST(!fs::exists(mark));
}

BOOST_AUTO_TEST_CASE(deep_nesting_is_refused_without_recursion) {
  constexpr size_t kDeep = 300000;
  refused("\x80\x02" + std::string(kDeep, ']') + std::string(kDeep - 1, 'a') + ".", "nested deeper than 200 levels");
  refused("\x80\x02)" + std::string(kDeep, '\x85') + ".", "nested deeper than 200 levels");
  refused("\x80\x02" + repeated("}N", kDeep) + "N" + std::string(kDeep, 's') + ".", "nested deeper than 200 levels");
}

BOOST_AUTO_TEST_CASE(repetition_beyond_the_file_is_refused) {
  std::string lists = "\x80\x02]q"s + '\0' + "Na";  // each list holds the one before twice
  for (char i = 1; i < 100; ++i)
    lists += "]q"s + i + "h" + static_cast<char>(i - 1) + "ah" + static_cast<char>(i - 1) + "a";
  refused(lists + ".", "repeat each other beyond all proportion");
  const std::string key = text(std::string(100, 'k'));
  std::string one = tensor(0, {2, 2}, {2, 1});
  const std::string many = "\x80\x02](" + one + "q\x01" + repeated("h\x01", 100000) + "e.";
  BOOST_TEST(error_of(with_storage(many)).find("repeat each other") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(names_of_any_length_and_copies_of_any_size_are_refused) {
  const std::string longest(4096, 'c'), longer = longest + "c";
  BOOST_TEST(error_of(stream_of("\x80\x02" + ("c" + longest) + "\nn\n.")) == "no error");
  refused("\x80\x02" + ("c" + longer) + "\nn\n.", "a class whose name has more than 4096 bytes");
  refused("\x80\x04" + ("X" + "\x01\x10\0\0"s + longer) + text("n") + "\x93.", "a class whose name has more than");
  const std::string key = "X" + "\x01\x10\0\0"s + longer;
  refused("\x80\x02(" + text("storage") + "ctorch\nFloatStorage\n" + key + text("cpu") + number(4) + "NtQ.",
          "a storage whose key has more than 4096 bytes");
  std::string many = "\x80\x02](";
  for (int i = 0; i < 65; ++i) many += tensor(0, {1 << 20}, {0});  // 4 MiB each
  BOOST_TEST(error_of(with_storage(many + "e.")).find("\"64\": the tensors up to here repeat the file's 16 stored") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(declared_sizes_beyond_the_file_are_refused) {
  refused("\x80\x02X\xff\xff\xff\xff.", "goes on beyond its end");
  refused("\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "goes on beyond its end");
  refused("\x80\x02\x8e\x00\x00\x00\x00\x01\x00\x00\x00."s, "goes on beyond its end");
  refused("\x80\x02\x8b\xff\xff\xff\xff.", "goes on beyond its end");
  refused("\x80\x04\x95\xff", "goes on beyond its end");
  refused("\x80\x02Nr\xff\xff\xff\xff.", "memo number beyond the pickle's length");
  refused("\x80\x02j\xff\xff\xff\xff.", "memo number 4294967295 was never set");
}

BOOST_AUTO_TEST_CASE(broken_pickles_are_refused_with_their_place) {
  refused("\x80\x02\xff.", "unknown pickle opcode 255");
  refused("\x80\x02.", "a value is missing");
  refused("\x80\x02t.", "a mark is missing");
  refused("\x80\x02(R.", "a value is missing");
  refused("\x80\x02}(Nu.", "a key without a value");
  refused("\x80\x02NNa.", "items for a value that takes none");
  refused("\x80\x02Nb.", "a value is missing");
  refused("\x80\x02NNb.", "a state for a value that has none");
  refused("\x80\x02NNR.", "arguments that are no tuple");
  refused("\x80\x02I1\n.", "pickle protocol 0 or 1: load it and save it again");
  refused("\x80\x06N.", "pickle protocol 6");
  refused("\x80\x02\x82\x01.", "extension code");
  refused("\x80\x05\x97.", "buffers outside");
  refused(
      "\x80\x02"
      "cos\nsystem",
      "a name without an end");
}

BOOST_AUTO_TEST_CASE(cycles_end) {
  const auto other = read_bytes(stream_of("\x80\x02}q\x01" + text("me") + "h\x01s.")).other;
  BOOST_TEST(other.at("me").as_string() == "the dict of 1 around it");
  BOOST_TEST(read_bytes(stream_of("\x80\x02]q\x01h\x01"
                                  "a."))
                 .tensors == 0u);
}

BOOST_AUTO_TEST_CASE(tensors_beyond_their_storage_are_refused) {
  constexpr int64_t kHuge = int64_t{1} << 62;
  BOOST_TEST(read_bytes(with_storage("\x80\x02}" + text("w") + tensor(0, {2, 2}, {1, 2}) + "s.")).tensors == 1u);
  BOOST_TEST(read_bytes(with_storage("\x80\x02}" + text("w") + tensor(3, {1000}, {0}) + "s.")).tensors == 1u);
  tensor_refused(tensor(1, {2, 2}, {2, 1}), "\"w\": shape [2, 2] with strides [2, 1] from element 1 on goes beyond");
  tensor_refused(tensor(0, {2, 2}, {3, 1}), "goes beyond its storage of 4 elements");
  tensor_refused(tensor(4, {}, {}), "goes beyond its storage of 4 elements");
  tensor_refused(tensor(0, {kHuge, kHuge}, {0, 0}), "goes beyond its storage");
  tensor_refused(tensor(0, {3}, {kHuge}), "goes beyond its storage");
  tensor_refused(tensor(0, {0, kHuge, kHuge}, {1, 1, 1}), "goes beyond its storage");
  tensor_refused(tensor(0, {1 << 21}, {0}), "repeats 4 stored elements to 2097152");
  tensor_refused(tensor(-1, {1}, {1}), "is no number of elements");
  tensor_refused(tensor(0, {-1}, {1}), "is no number of elements");
  tensor_refused(tensor(0, {2}, {-1}), "is no number of elements");
  tensor_refused(tensor(0, {2, 2}, {1}), "has 2 sizes and 1 strides");
  tensor_refused(tensor(0, std::vector<int64_t>(65, 1), std::vector<int64_t>(65, 1)), "has 65 dimensions");
}

BOOST_AUTO_TEST_CASE(names_that_collide_or_drive_a_terminal) {
  const std::string one = tensor(0, {1}, {1});
  const std::string dotted = "\x80\x02}(" + text("a.b") + one + text("a") + "}" + text("b") + one + "su.";
  BOOST_TEST(error_of(with_storage(dotted)).find("two tensors have the path \"a.b\"") != std::string::npos);
  const auto other = read_bytes(stream_of("\x80\x02}" + text("\x1b[31m\n\xff") + "Ns.")).other;
  BOOST_TEST(other.contains("\\x1b[31m\\x0a\\xff"));
}

BOOST_AUTO_TEST_CASE(big_endian_files_and_other_containers_are_refused) {
  std::string stream = stream_of("\x80\x02N.");
  const size_t little = stream.find("little_endian") + 13;
  stream[stream.find('\x88', little)] = '\x89';
  BOOST_TEST(error_of(stream).find("big-endian") != std::string::npos);
  std::string zip = seed("zip2.pth");
  zip.replace(zip.find("little"), 6, "big   ");
  BOOST_TEST(error_of(zip).find("byte order") != std::string::npos);
  BOOST_TEST(error_of("\x1f\x8b\x08more").find("gzip") != std::string::npos);
  BOOST_TEST(error_of("<!DOCTYPE html>").find("web page") != std::string::npos);
  BOOST_TEST(error_of("version https://git-lfs.github.com/spec/v1\n").find("git lfs pull") != std::string::npos);
  BOOST_TEST(error_of("").find("is empty") != std::string::npos);
  BOOST_TEST(error_of("\x80\x02N.").find("not one of torch.save") != std::string::npos);
  BOOST_TEST(error_of("PK\x03\x04").find("list of contents is missing") != std::string::npos);
}

// The worst that each kind of value costs, over a megabyte of it.
BOOST_AUTO_TEST_CASE(memory_is_a_multiple_of_the_file) {
  constexpr size_t kMany = 1 << 20;
  const std::string begin = "\x80\x02", call = begin + "cm\nn\nq\x01)q\x02(", one = tensor(0, {1}, {1});
  const std::string again = begin + one.substr(0, one.find('(')) + "q\x01" +
                            one.substr(one.find('('), one.rfind('R') - one.find('(')) + "q\x02(";
  std::string keys = "{\"a\":0";
  for (size_t i = 0; keys.size() < kMany; ++i) keys += ",\"" + std::to_string(i) + "\":0";
  const auto flat = [](const std::string& header) {
    std::string length(8, '\0');
    for (size_t i = 0; i < 4; ++i) length[i] = static_cast<char>(header.size() >> (8 * i));
    return length + header;
  };
  const std::string files[] = {stream_of(begin + "(" + std::string(kMany, '}') + "l."),
                               stream_of(begin + "(" + repeated("]Na", kMany / 3) + "l."),
                               stream_of(begin + "(" + repeated("N\x85", kMany / 2) + "l."),
                               stream_of(begin + "]" + repeated("N\x94", kMany / 2) + "0."),
                               stream_of(begin + std::string(kMany, '(') + "."),
                               stream_of(begin + "}(" + repeated("NN", kMany / 2) + "u."),
                               stream_of(call + repeated("h\x01h\x02R", kMany / 5) + "l."),
                               stream_of(call + repeated("h\x01h\x02R}b", kMany / 7) + "l."),
                               with_storage(again + repeated("h\x01h\x02R", kMany / 5) + "l."),
                               with_storage(begin + "(" + repeated(one, kMany / one.size()) + "l."),
                               flat("{\"a\":[" + repeated("1,", kMany / 2) + "1]}"),
                               flat(keys + "}")};
  for (const std::string& file : files) {
    reset_peak();
    const std::string message = error_of(file);
    const double factor = static_cast<double>(peak_bytes()) / static_cast<double>(file.size());
    BOOST_TEST_MESSAGE(factor << " bytes per byte: " << message);
    BOOST_TEST(factor < 100);
  }
}
