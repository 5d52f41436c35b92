#include <ATen/ATen.h>

#include <boost/test/unit_test.hpp>

#include "support/plugin_parts.h"

using namespace plugin_parts;

BOOST_AUTO_TEST_SUITE(mvit_tests)

BOOST_AUTO_TEST_CASE(parameter_counts) {
  TestPart part(VH_BACKBONE_1, "mvit/mvit");
  part.create_meta(specs({input(16, 224)}));
  BOOST_CHECK_EQUAL(part.parameter_count() + 400 * 769, 34537744);
}

BOOST_AUTO_TEST_SUITE_END()
