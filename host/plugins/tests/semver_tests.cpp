#include <boost/test/unit_test.hpp>

#include "packages.h"
#include "plugins/package.h"

using namespace vhost;

BOOST_AUTO_TEST_SUITE(semver_tests)

BOOST_AUTO_TEST_CASE(precedence_is_that_of_semver_2) {
  const std::vector<std::string> ascending = {"0.0.0-0",
                                              "0.0.0",
                                              "0.0.1",
                                              "0.1.0",
                                              "0.9.0",
                                              "0.10.0",
                                              "1.0.0--",
                                              "1.0.0-alpha",
                                              "1.0.0-alpha.1",
                                              "1.0.0-alpha.1.0",
                                              "1.0.0-alpha.beta",
                                              "1.0.0-beta",
                                              "1.0.0-beta.2",
                                              "1.0.0-beta.11",
                                              "1.0.0-rc.1",
                                              "1.0.0",
                                              "1.0.1",
                                              "1.2.0",
                                              "1.10.0",
                                              "2.0.0-1",
                                              "2.0.0-99999999999999999999",
                                              "2.0.0-A",
                                              "2.0.0-a",
                                              "2.0.0",
                                              "999999999999999.0.0"};
  for (size_t i = 0; i < ascending.size(); ++i)
    for (size_t k = 0; k < ascending.size(); ++k) {
      const int order = compare_versions(ascending[i], ascending[k]);
      BOOST_TEST_CONTEXT(ascending[i] << " and " << ascending[k]) {
        BOOST_TEST(((order > 0) - (order < 0)) == ((i > k) - (i < k)));
      }
    }
}

BOOST_AUTO_TEST_CASE(build_metadata_does_not_count) {
  BOOST_TEST(compare_versions("1.0.0+a", "1.0.0+b.001") == 0);
  BOOST_TEST(compare_versions("1.0.0-rc.1+x", "1.0.0-rc.1") == 0);
}

BOOST_AUTO_TEST_CASE(what_is_no_version_is_refused) {
  for (const char* text : {"",
                           "1",
                           "1.2",
                           "1.2.3.4",
                           "01.2.3",
                           "1.02.3",
                           "1.2.03",
                           "v1.2.3",
                           "1.2.3-",
                           "1.2.3+",
                           "1.2.3-01",
                           "1.2.3-a..b",
                           "1.2.3-a_b",
                           " 1.2.3",
                           "1.2.3 ",
                           "1.x.3",
                           "*",
                           "-1.2.3",
                           "1.2.9999999999999999",
                           "a.b.c"})
    BOOST_TEST_CONTEXT("\"" << text << "\"") {
      BOOST_TEST(test::error_of([&] { compare_versions(text, "1.0.0"); }) ==
                 "\"" + std::string(text) +
                     "\" is no version: MAJOR.MINOR.PATCH is wanted, e.g. \"1.0.0\" or \"1.0.0-rc.1\"");
    }
}

BOOST_AUTO_TEST_CASE(ranges_match_what_they_should) {
  struct Row {
    const char *range, *yes, *no;  // versions separated by spaces
  };
  const Row rows[] = {
      {"*", "0.0.0 1.2.3 99.0.0", "1.0.0-rc.1"},
      {"x", "1.2.3", "1.0.0-0"},
      {"1.2.3", "1.2.3 1.2.3+build", "1.2.4 1.2.2 1.2.3-rc.1"},
      {"=1.2.3", "1.2.3", "1.2.4"},
      {"= 1.2.3", "1.2.3", "1.2.4"},
      {"1", "1.0.0 1.9.9", "0.9.9 2.0.0 2.0.0-rc.1"},
      {"1.2", "1.2.0 1.2.99", "1.1.9 1.3.0"},
      {"1.x", "1.0.0 1.5.0", "2.0.0"},
      {"1.2.*", "1.2.7", "1.3.0"},
      {"^1.2.3", "1.2.3 1.9.0", "1.2.2 2.0.0 2.0.0-rc.1 1.3.0-rc.1"},
      {"^1.0", "1.0.0 1.7.3", "0.9.0 2.0.0"},
      {"^1", "1.0.0 1.7.3", "0.9.0 2.0.0"},
      {"^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0 1.2.3"},
      {"^0.0.3", "0.0.3", "0.0.2 0.0.4 0.1.0"},
      {"^0.0", "0.0.0 0.0.9", "0.1.0"},
      {"^0", "0.0.1 0.9.9", "1.0.0"},
      {"^0.1", "0.1.0 0.1.5", "0.2.0 0.0.9"},
      {"^1.2.3-beta.2", "1.2.3-beta.2 1.2.3-beta.4 1.2.3 1.4.0", "1.2.3-beta.1 1.2.4-beta.2 2.0.0"},
      {"^0.0.1-beta", "0.0.1-beta 0.0.1", "0.0.2"},
      {"~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0"},
      {"~1.2", "1.2.0 1.2.9", "1.3.0 1.1.0"},
      {"~1", "1.0.0 1.9.0", "2.0.0"},
      {"~0.2.3", "0.2.3 0.2.9", "0.3.0"},
      {"~ 1.2", "1.2.3", "1.3.0"},
      {">=1.1 <2", "1.1.0 1.9.9", "1.0.9 2.0.0 2.0.0-0"},
      {">= 1.1 < 2", "1.1.0", "2.0.0"},
      {">1.2.3", "1.2.4 2.0.0", "1.2.3 1.2.4-rc.1"},
      {">1.2", "1.3.0", "1.2.0 1.2.9"},
      {">1", "2.0.0", "1.9.9"},
      {"<=1.2.3", "1.2.3 0.1.0", "1.2.4"},
      {"<=1.2", "1.2.9 0.1.0", "1.3.0"},
      {"<1.2", "1.1.9", "1.2.0 1.2.0-rc.1"},
      {"<1.2.3", "1.2.2", "1.2.3 1.2.3-rc.1"},
      {"<1.2.3-rc.2", "1.2.2 1.2.3-rc.1", "1.2.3-rc.2 1.2.2-rc.1"},
      {">=1.0.0-rc.1", "1.0.0-rc.1 1.0.0-rc.2 1.0.0 3.0.0", "1.0.0-beta 1.1.0-rc.1"},
      {"<*", "", "0.0.0 1.0.0"},
      {">=*", "0.0.0 1.0.0", ""},
      {"1.2 - 1.4", "1.2.0 1.4.9", "1.1.9 1.5.0"},
      {"1.2.3 - 2.3.4", "1.2.3 2.3.4", "1.2.2 2.3.5"},
      {"1.2.3 || ^2.1", "1.2.3 2.1.0 2.9.0", "1.2.4 2.0.0 3.0.0"},
      {"<1||>=3", "0.9.0 3.0.0", "1.0.0 2.9.9"},
      {"  ^1.2  ", "1.2.0", "2.0.0"},
      // What node-semver's documentation says of its ranges, row by row.
      {">=1.2.7", "1.2.7 1.2.8 2.5.3 1.3.9", "1.2.6 1.1.0"},
      {">=1.2.7 <1.3.0", "1.2.7 1.2.8 1.2.99", "1.2.6 1.3.0 1.1.0"},
      {"1.2.7 || >=1.2.9 <2.0.0", "1.2.7 1.2.9 1.4.6", "1.2.8 2.0.0"},
      {">1.2.3-alpha.3", "1.2.3-alpha.7 1.2.3 3.4.5", "3.4.5-alpha.9 1.2.3-alpha.3"},
      {"1.2 - 2.3.4", "1.2.0 2.3.4", "1.1.9 2.3.5"},
      {"1.2.3 - 2.3", "1.2.3 2.3.99", "2.4.0 2.4.0-0"},
      {"1.2.3 - 2", "1.2.3 2.99.99", "3.0.0 3.0.0-0"},
      {"~0", "0.0.0 0.9.9", "1.0.0 1.0.0-0"},
      {"~0.2", "0.2.0 0.2.9", "0.1.9 0.3.0 0.3.0-0"},
      {"~1.2.3-beta.2", "1.2.3-beta.2 1.2.3-beta.4 1.2.3 1.2.9", "1.2.4-beta.2 1.3.0 1.2.3-beta.1"},
      {"^1.2.x", "1.2.0 1.9.9", "1.1.9 2.0.0 2.0.0-0"},
      {"^0.0.x", "0.0.0 0.0.9", "0.1.0"},
      {"^1.x", "1.0.0 1.9.9", "0.9.9 2.0.0"},
      {"^0.x", "0.0.0 0.9.9", "1.0.0"},
      {"^0.0.3-beta", "0.0.3-beta 0.0.3-pr.2 0.0.3", "0.0.4 0.0.3-alpha"},
      {">=1.0.0-rc.1 <2.0.0-rc.1", "1.0.0-rc.1 1.5.0 2.0.0-alpha", "1.5.0-rc.1 2.0.0-rc.1 2.0.0"},
      {"^1.2.3-rc.1 || 2.0.0-rc.1", "1.2.3-rc.1 2.0.0-rc.1", "2.0.0-rc.2 2.0.0 1.3.0-rc.1"},
      {"<=*", "0.0.0 9.9.9", "1.0.0-rc.1"},
      {"^* || ~x", "0.0.0 9.9.9", ""},
      {">*", "", "0.0.0 9.9.9"},
      {"1.2.3+build.7", "1.2.3 1.2.3+other", "1.2.4"},
  };
  const auto words = [](const std::string& text) {
    std::vector<std::string> result;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find(' ', at), text.size());
      result.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return result;
  };
  for (const Row& row : rows) {
    for (const auto& version : words(row.yes))
      BOOST_TEST_CONTEXT(version << " in " << row.range) BOOST_TEST(version_matches(version, row.range));
    for (const auto& version : words(row.no))
      BOOST_TEST_CONTEXT(version << " not in " << row.range) BOOST_TEST(!version_matches(version, row.range));
  }
}

BOOST_AUTO_TEST_CASE(bounds_alone_hold_for_a_pre_release_that_the_range_does_not_name) {
  BOOST_TEST(version_in_bounds("1.3.0-rc.1", "^1.2"));
  BOOST_TEST(!version_matches("1.3.0-rc.1", "^1.2"));
  BOOST_TEST(!version_in_bounds("2.0.0-rc.1", "^1.2"));
}

BOOST_AUTO_TEST_CASE(what_is_no_range_is_refused) {
  for (const char* range : {"",        " ",      "^",      "^a",   "1.2.3.4", "^1.2 |", "|| 1", "1 ||", "1 | 2", "1,2",
                            ">=1.x.3", "latest", "1.2.3-", "^1^2", "1 - ",    "- 2",    "^01",  "=>1",  "1..2",  "\n1"})
    BOOST_TEST_CONTEXT("\"" << range << "\"") {
      const std::string error = test::error_of([&] { version_matches("1.0.0", range); });
      BOOST_TEST(error.starts_with("\"" + std::string(range) + "\" is no version range: "));
    }
}

BOOST_AUTO_TEST_SUITE_END()
