// What `vhost plugin matrix` prints of given combinations.
#include <boost/test/unit_test.hpp>

#include "cli/matrix_table.h"

namespace {

using vhost::Combination;

const std::vector<vhost::MatrixInput> kInputs = {{"image", 1, 32, 48, 10}, {"clip", 8, 32, 48, 7}};

// Of the clip, unless it's said otherwise; fits if there is no reason.
Combination one(const std::string& backbone, const std::string& reason = "", const std::string& pointer = "") {
  Combination one;
  one.input = &kInputs[1];
  one.backbone = backbone, one.reason = reason, one.pointer = pointer, one.fits = reason.empty();
  return one;
}

Combination masked(Combination one, const std::string& mask, const std::string& mode, const std::string& target = "") {
  one.mask = mask, one.mode = mode, one.target = target;
  return one;
}

Combination learnt(Combination one, const std::string& head, const std::string& loss = "") {
  one.head = head, one.loss = loss;
  return one;
}

// One backbone for clips, with a mask that it drops or replaces, and a head each for labels and for a target.
std::vector<Combination> sample() {
  Combination image = one("a/net", "a/net: 2 doesn't divide 1", "/model/backbone/step");
  image.input = &kInputs[0];
  return {image,
          one("a/net"),
          learnt(one("a/net"), "a/pool"),
          learnt(one("a/net"), "a/pool", "a/entropy"),
          learnt(one("a/net"), "b/pool"),
          learnt(one("a/net"), "b/pool", "a/entropy"),
          learnt(one("a/net", "a/tokens: needs a target", "/model/heads/main"), "a/tokens"),
          masked(one("a/net"), "a/tube", "drop"),
          masked(one("a/net"), "a/tube", "drop", "a/pixels"),
          learnt(masked(one("a/net", "a/pool: makes classes", "/model/heads/main"), "a/tube", "drop", "a/pixels"),
                 "a/pool"),
          learnt(masked(one("a/net", "b/pool: makes classes", "/model/heads/main"), "a/tube", "drop", "a/pixels"),
                 "b/pool"),
          learnt(masked(one("a/net", "a/tokens: wants all tokens", "/model/heads/main"), "a/tube", "drop", "a/pixels"),
                 "a/tokens"),
          masked(one("a/net"), "a/tube", "replace"),
          masked(one("a/net"), "a/tube", "replace", "a/pixels"),
          learnt(masked(one("a/net"), "a/tube", "replace", "a/pixels"), "a/tokens"),
          learnt(masked(one("a/net", "a/entropy: wants logits", "/losses/0"), "a/tube", "replace", "a/pixels"),
                 "a/tokens", "a/entropy"),
          learnt(masked(one("a/net"), "a/tube", "replace", "a/pixels"), "a/tokens", "a/mse")};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(matrix_table_tests)

BOOST_AUTO_TEST_CASE(the_text_says_what_fits_and_below_why_the_rest_does_not) {
  BOOST_TEST(vhost::matrix_text(kInputs, sample(), "") == R"(image of 32x48, 10 classes

not for this input: a/net (1)

clip of 8x32x48, 7 classes

masked cells   a/tube
a/net          dropped, replaced

labels   a/pool  b/pool
a/net    fits    fits
  not for labels: a/tokens (2)

a/pixels   a/tokens
a/net      replaced (3)
  not for a/pixels: a/pool (4), b/pool (4)

losses      labels  a/pixels
a/entropy   fits    no (5)
a/mse       -       fits

(1) a/net: 2 doesn't divide 1 [/model/backbone/step]
(2) a/tokens: needs a target
(3) a/tokens: wants all tokens
(4) a/pool, b/pool: makes classes
(5) a/entropy: wants logits
)");
}

BOOST_AUTO_TEST_CASE(the_part_that_is_asked_for_stands_in_every_table) {
  const std::string text = vhost::matrix_text(kInputs, sample(), "a/tokens");
  BOOST_TEST(text.find("labels   a/pool  b/pool  a/tokens\na/net    fits    fits    no (2)\n") != std::string::npos,
             text);
}

BOOST_AUTO_TEST_CASE(wide_tables_go_on_below) {
  std::vector<Combination> all{one("a/net")};
  for (int i = 0; i < 12; ++i)
    all.push_back(learnt(one("a/net"), "plugin/head_" + std::to_string(100 + i), "a/entropy"));
  const std::string text = vhost::matrix_text(kInputs, all, "");
  size_t longest = 0, heads = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    longest = std::max(longest, line.size());
    heads += line.starts_with("labels   plugin/head_");
  }
  BOOST_TEST(longest <= 110u);
  BOOST_TEST(heads == 3u, text);
}

BOOST_AUTO_TEST_CASE(json_has_every_combination_and_only_the_keys_that_it_has) {
  const vhost::json::object report = vhost::matrix_json(kInputs, sample());
  BOOST_TEST(report.at("inputs").as_array().at(1).at("classes").as_int64() == 7);
  const vhost::json::array& list = report.at("combinations").as_array();
  BOOST_TEST(list.size() == sample().size());
  BOOST_TEST(list.at(0).at("reason").as_string() == "a/net: 2 doesn't divide 1");
  BOOST_TEST(list.at(0).at("at").as_string() == "/model/backbone/step");
  const vhost::json::object& last = list.back().as_object();
  BOOST_TEST(last.at("mode").as_string() == "replace");
  BOOST_TEST(last.at("fits").as_bool());
  BOOST_TEST(!last.contains("reason"));
  BOOST_TEST(!list.at(1).as_object().contains("mask"));
}

BOOST_AUTO_TEST_SUITE_END()
