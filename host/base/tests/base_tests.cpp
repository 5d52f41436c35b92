#include <boost/test/unit_test.hpp>

#include "base/files.h"
#include "base/json.h"

BOOST_AUTO_TEST_SUITE(base_tests)

BOOST_AUTO_TEST_CASE(a_document_knows_the_place_of_every_value) {
  const auto document = vhost::parse_json("{ // note\n  \"a\": [1, 2.5,],\n}", "x.json");
  BOOST_TEST(document.places.at("/a/1").str() == "x.json:2:12");
}

BOOST_AUTO_TEST_SUITE_END()
