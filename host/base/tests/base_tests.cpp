#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>

#include "base/files.h"
#include "base/json.h"

namespace fs = std::filesystem;
using vhost::did_you_mean;
using vhost::parse_json;

namespace {

template <class Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const vhost::Error& error) {
    return error.what();
  }
  return "(no error)";
}

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "vhost-base-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()));
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

std::string canonical(const std::string& text) {
  return vhost::canonical_json(parse_json(text, "x").root);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(base_tests)

BOOST_AUTO_TEST_CASE(an_error_names_place_pointer_and_message) {
  const vhost::Error whole({"exp.json", 12, 9}, "/data/batch", "must be at least 1, not 0");
  BOOST_TEST(whole.what() == "exp.json:12:9: /data/batch: must be at least 1, not 0");
  BOOST_TEST(whole.message() == "must be at least 1, not 0");
  BOOST_TEST(whole.json_pointer() == "/data/batch");
  BOOST_TEST(whole.exit_code() == 1);
  BOOST_TEST(vhost::Error({"--set a=1", 0, 0}, "", "no").what() == std::string("--set a=1: no"));
  BOOST_TEST(vhost::Error({}, "/a", "no").what() == std::string("/a: no"));
  BOOST_TEST(vhost::Error("no").exit_code(3).exit_code() == 3);
}

BOOST_AUTO_TEST_CASE(near_words_are_suggested_and_far_ones_are_not) {
  const std::vector<std::string> known = {"batch", "workers", "prefetch", "lr", "eps", "weight_decay", "adamw"};
  const std::vector<std::pair<std::string, std::string>> rows = {{"bacth", "batch"},
                                                                 {"Batch", "batch"},
                                                                 {"batch_size", "batch"},
                                                                 {"worker", "workers"},
                                                                 {"prefecht", "prefetch"},
                                                                 {"rl", "lr"},
                                                                 {"esp", "eps"},
                                                                 {"AdamW", "adamw"},
                                                                 {"weightdecay", "weight_decay"},
                                                                 {"weight", "weight_decay"},
                                                                 {"color", ""},
                                                                 {"", ""},
                                                                 {"xy", ""},
                                                                 {std::string(1000000, 'b'), ""}};
  for (const auto& [word, expected] : rows)
    BOOST_TEST(did_you_mean(word, known) == (expected.empty() ? "" : " (did you mean \"" + expected + "\"?)"));
  BOOST_TEST(did_you_mean("lr", {}) == "");
}

BOOST_AUTO_TEST_CASE(a_document_knows_the_place_of_every_value) {
  const auto document = parse_json(
      "\xEF\xBB\xBF{ // note\n  \"a\": [1, /* two */ 2.5,],\r\n \"\xC3\xA4/~\": {\"\xF0\x9F\x98\x80\": 1, \"c\": []}}",
      "x.json");
  const auto place = [&](const char* pointer) { return document.places.at(pointer).str(); };
  BOOST_TEST(place("") == "x.json:1:1");
  BOOST_TEST(place("/a") == "x.json:2:3");
  BOOST_TEST(place("/a/0") == "x.json:2:9");
  BOOST_TEST(place("/a/1") == "x.json:2:22");
  BOOST_TEST(place("/\xC3\xA4~1~0") == "x.json:3:2");
  BOOST_TEST(place("/\xC3\xA4~1~0/c") == "x.json:3:18");
  BOOST_TEST(document.places.size() == 7);
}

BOOST_AUTO_TEST_CASE(numbers_keep_their_kind_and_value) {
  BOOST_TEST(parse_json("-9223372036854775808", "").root.is_int64());
  BOOST_TEST(parse_json("18446744073709551615", "").root.is_uint64());
  BOOST_TEST(parse_json("18446744073709551616", "").root.is_double());
  BOOST_TEST(parse_json("1.0", "").root.is_double());
  BOOST_TEST(parse_json("1e-400", "").root.as_double() == 0);
  BOOST_TEST(parse_json("0.1", "").root.as_double() == 0.1);
  for (const char* wrong : {"01", "1.", "1.e3", "-", "--1", "1e", "0x10", "1_000", "-inf", "+1", ".5", "1.5.2", "-1e+"})
    BOOST_TEST(message_of([&] { parse_json(wrong, "x"); }) != "(no error)", wrong << " was taken for a number");
}

BOOST_AUTO_TEST_CASE(strings_are_unescaped_and_checked) {
  BOOST_TEST(parse_json(R"("\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00")", "").root.as_string() ==
             "\"\\/\b\f\n\r\t\xC3\xA4\xF0\x9F\x98\x80");
  for (const char* wrong :
       {"\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xF5\x80\x80\x80\"", "\"\xE2\x82\"", "\"\x80\"", "// \xFF\n1"})
    BOOST_TEST(message_of([&] { parse_json(wrong, "x"); }).find("invalid UTF-8") != std::string::npos);
  for (const char* wrong : {R"("\ud800")", R"("\udc00")", R"("\ud800\u0041")", R"("\u12")", R"("\u+123")", R"("\x41")"})
    BOOST_TEST(message_of([&] { parse_json(wrong, "x"); }) != "(no error)", wrong);
  BOOST_TEST(message_of([] { parse_json(std::string("{\0}", 3), "x"); }) ==
             "x:1:2: found \"\\u0000\", expected a key in double quotes or }");
}

BOOST_AUTO_TEST_CASE(commas_may_trail_but_not_stand_alone) {
  BOOST_TEST(canonical("[1,[],{},]") == "[1,[],{}]");
  BOOST_TEST(canonical("{\"a\":1,}") == "{\"a\":1}");
  for (const char* wrong : {"[,]", "{,}", "[1,,2]", "{\"a\":1,,}", "[1 2]"})
    BOOST_TEST(message_of([&] { parse_json(wrong, "x"); }) != "(no error)", wrong);
}

BOOST_AUTO_TEST_CASE(nesting_and_keys_have_limits) {
  const auto nested = [](int n) { return std::string(n, '[') + std::string(n, ']'); };
  BOOST_TEST(message_of([&] { parse_json(nested(100), "x"); }) == "(no error)");
  BOOST_TEST(message_of([&] { parse_json(nested(101), "x"); }) == "x:1:101: nested deeper than 100 levels");
  BOOST_TEST(message_of([&] { parse_json(std::string(5000000, '['), "x"); }) ==
             "x:1:101: nested deeper than 100 levels");
  BOOST_TEST(message_of([&] { parse_json("{\"" + std::string(300, 'k') + "\": 1}", "x"); }) ==
             "x:1:2: key is longer than 256 bytes");
}

BOOST_AUTO_TEST_CASE(canonical_text_is_the_same_for_the_same_values) {
  BOOST_TEST(canonical(R"({"b": [1.0, 0.1, 1e-8, 1E+2], "a": {"z": null, "y": "\u00e4\n\u0001"}, "B": true})") ==
             "{\"B\":true,\"a\":{\"y\":\"\xC3\xA4\\n\\u0001\",\"z\":null},\"b\":[1,0.1,1e-08,100]}");
  BOOST_TEST(canonical(R"({"a": 1, "b": 2})") == canonical(R"({"b": 2.0, /**/ "a": 1,})"));
}

BOOST_AUTO_TEST_CASE(pretty_text_reads_back_as_the_same_value) {
  const std::string text =
      R"({"z": 1.0, "a": [], "o": {}, "list": [1, 2.5, "x"], "deep": [{"k": [[1], 2]}], "s": "a\"b"})";
  const vhost::json::value value = parse_json(text, "").root;
  const std::string pretty = vhost::pretty_json(value);
  const std::string begin = "{\n  \"z\": 1.0,\n  \"a\": [],\n  \"o\": {},\n  \"list\": [1, 2.5, \"x\"],\n";
  BOOST_TEST(pretty.substr(0, begin.size()) == begin);
  BOOST_TEST((parse_json(pretty, "").root == value));
}

BOOST_AUTO_TEST_CASE(random_doubles_survive_both_texts) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    const uint64_t bits = random();
    double number = 0;
    static_assert(sizeof bits == sizeof number);
    std::memcpy(&number, &bits, sizeof number);
    if (!std::isfinite(number)) continue;
    const vhost::json::value value = number;
    const auto again = parse_json(vhost::pretty_json(value), "").root;
    BOOST_REQUIRE(again.is_double() && again.as_double() == number);
    BOOST_REQUIRE(parse_json(vhost::canonical_json(value), "").root.to_number<double>() == number);
  }
}

BOOST_AUTO_TEST_CASE(pointers_follow_rfc_6901) {
  const vhost::json::value root = parse_json(R"({"a/b": [10, {"~": 1}], "": 2, "0": 3})", "").root;
  const auto found = [&](const char* pointer) {
    const vhost::json::value* value = vhost::find_pointer(root, pointer);
    return value ? vhost::canonical_json(*value) : "none";
  };
  BOOST_TEST(found("/a~1b/0") == "10");
  BOOST_TEST(found("/a~1b/1/~0") == "1");
  BOOST_TEST(found("/") == "2");
  BOOST_TEST(found("/0") == "3");
  BOOST_TEST((vhost::find_pointer(root, "") == &root));
  for (const char* none :
       {"/a", "/a~1b/2", "/a~1b/00", "/a~1b/-1", "/a~1b/x", "/a~1b/", "/0/0", "/a~1b/99999999999999999999"})
    BOOST_TEST(found(none) == "none");
}

BOOST_AUTO_TEST_CASE(a_value_in_a_message_is_short_and_harmless) {
  BOOST_TEST(vhost::show_json(vhost::json::value("a\x1B[31m\n")) == "\"a\\u001b[31m\\n\"");
  BOOST_TEST(vhost::show_json(vhost::json::value(std::string(500, 'x'))).size() < 70);
  BOOST_TEST(vhost::quote(std::string(59, 'x') + "\xC3\xA4z") == "\"" + std::string(59, 'x') + "...\"");
  BOOST_TEST(vhost::show_json(vhost::json::object()) == "an object");
}

BOOST_AUTO_TEST_CASE(a_file_is_replaced_whole_and_leaves_nothing_behind) {
  const Folder folder;
  const fs::path file = folder.path / "a.txt";
  vhost::write_file_atomically(file, "one");
  const std::string bytes("two\0three\n", 10);
  vhost::write_file_atomically(file, bytes);
  BOOST_TEST(vhost::read_file(file) == bytes);
  BOOST_TEST(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}

BOOST_AUTO_TEST_CASE(file_errors_name_path_and_reason) {
  const Folder folder;
  const std::string top = folder.path.string();
  BOOST_TEST(message_of([&] { vhost::read_file(folder.path / "no"); }) ==
             "can't read " + top + "/no: No such file or directory");
  BOOST_TEST(message_of([&] { vhost::read_file(folder.path); }) ==
             "can't read " + top + ": it is a folder, not a file");
  BOOST_TEST(message_of([&] { vhost::read_file("/dev/zero"); }) == "can't read /dev/zero: it is a device, not a file");
  BOOST_TEST(message_of([&] { vhost::write_file_atomically(folder.path / "no/b", ""); }) ==
             "can't write " + top + "/no/b: No such file or directory");
  fs::create_directory(folder.path / "sub");
  BOOST_TEST(message_of([&] { vhost::write_file_atomically(folder.path / "sub", "x"); }) ==
             "can't write " + top + "/sub: Is a directory");
  BOOST_TEST(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
  const fs::path pipe = folder.path / "pipe", link = folder.path / "link";
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  fs::create_symlink(pipe, link);
  for (const fs::path& path : {pipe, link})
    BOOST_TEST(message_of([&] { vhost::write_file_atomically(path, "x"); }) ==
               "can't write " + path.string() + ": it is a device or a pipe; give a file's name");
  BOOST_TEST((fs::is_fifo(pipe) && fs::is_symlink(link)));
  vhost::write_file_atomically(folder.path / "f", "");
  BOOST_TEST(message_of([&] { vhost::make_directories(folder.path / "f/g"); }) ==
             "can't create the folder " + top + "/f/g: Not a directory");
  BOOST_TEST(message_of([&] { vhost::make_directories(folder.path / "f"); }) ==
             "can't create the folder " + top + "/f: Not a directory");
  vhost::make_directories(folder.path / "a/b/c");
  vhost::make_directories(folder.path / "a/b/c");
  BOOST_TEST(fs::is_directory(folder.path / "a/b/c"));
}

BOOST_AUTO_TEST_CASE(sha256_gives_the_published_digests) {
  BOOST_TEST(vhost::sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  BOOST_TEST(vhost::sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const Folder folder;
  vhost::write_file_atomically(folder.path / "a", std::string(1000000, 'a'));
  BOOST_TEST(vhost::sha256_file(folder.path / "a") ==
             "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

BOOST_AUTO_TEST_CASE(random_bytes_only_ever_throw_the_hosts_error) {
  std::mt19937 random(11);
  const std::string alphabet = "{}[]\",:0123456789-+.eE \n/*\\utrnfalsb\x80\xC3\xA4\xFF";
  for (int round = 0; round < 50000; ++round) {
    std::string text;
    for (size_t n = random() % 24; n > 0; --n) text += alphabet[random() % alphabet.size()];
    try {
      const auto value = parse_json(text, "x").root;
      BOOST_REQUIRE((parse_json(vhost::pretty_json(value), "y").root == value));
    } catch (const vhost::Error&) {
    }
  }
}

BOOST_AUTO_TEST_CASE(a_long_line_is_read_in_linear_time) {
  std::string text = "[";
  for (int i = 0; i < 300000; ++i) text += "{\"k\":1},";
  const auto document = parse_json(text + "]", "x");
  BOOST_TEST(document.places.at("/299999/k").column == 2 + 299999 * 8 + 1);
}

BOOST_AUTO_TEST_SUITE_END()
