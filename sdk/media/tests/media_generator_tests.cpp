// The command line of programs that write generated sets.
#include <vhost/media/generator.h>

#include <boost/test/unit_test.hpp>

using namespace vh::media;

namespace {

struct Parsed {
  std::string out = "none";
  int64_t count = 3;
  int size = 8;
};
// What was parsed, or the error.
std::string parsed(std::vector<std::string> words) {
  words.insert(words.begin(), "program");
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  Parsed p;
  try {
    parse_options(static_cast<int>(arguments.size()), arguments.data(),
                  {text_option("--out", p.out), integer_option("--count", p.count, 0, 100),
                   integer_option("--size", p.size, 8, 64)});
  } catch (const UsageError& error) {
    return error.what();
  }
  return p.out + " " + std::to_string(p.count) + " " + std::to_string(p.size);
}

}  // namespace

BOOST_AUTO_TEST_CASE(options_are_words_or_have_an_equals_sign) {
  BOOST_TEST(parsed({}) == "none 3 8");
  BOOST_TEST(parsed({"--out", "a=b", "--count=100", "--size", "64"}) == "a=b 100 64");
  BOOST_TEST(parsed({"--out=a=b", "--count", "0", "--count", "5"}) == "a=b 5 8");
}

BOOST_AUTO_TEST_CASE(a_wrong_option_is_named_with_what_it_wants) {
  BOOST_TEST(parsed({"--out"}) == "--out has no value");
  BOOST_TEST(parsed({"--outs", "a"}) == "unknown option --outs");
  for (const char* value : {"101", "-1", "5x", "x", "", "4.5", "99999999999999999999"})
    BOOST_TEST(parsed({"--count", value}) == "--count is '" + std::string(value) + "'; want an integer from 0 to 100");
  BOOST_TEST(parsed({"--size=7"}) == "--size is '7'; want an integer from 8 to 64");
}

BOOST_AUTO_TEST_CASE(names_must_be_known) {
  auto names = [](const std::string& list) {
    try {
      std::string all;
      for (const auto& name : parse_names("--classes", list, {"a", "b", "c"})) all += name;
      return all;
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
  };
  BOOST_TEST(names("c,a") == "ca");
  BOOST_TEST(names("c,d") == "--classes: there is no class 'd'");
  BOOST_TEST(names("") == "--classes is empty");
}

BOOST_AUTO_TEST_CASE(the_exit_status_tells_usage_from_failure) {
  char name[] = "program", help[] = "--help";
  char *alone[] = {name}, *asking[] = {name, help};
  auto status = [&](const std::function<void()>& body) { return run_generator("program", "", 1, alone, body); };
  BOOST_TEST(status([] {}) == 0);
  BOOST_TEST(status([] { throw UsageError("wrong"); }) == 2);
  BOOST_TEST(status([] { throw std::runtime_error("failed"); }) == 1);
  BOOST_TEST(run_generator("program", "", 2, asking, [] { throw std::runtime_error("not run"); }) == 0);
}
