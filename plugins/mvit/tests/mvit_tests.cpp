#include <ATen/ATen.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "support/plugin_parts.h"

namespace data = boost::unit_test::data;
using namespace plugin_parts;

namespace {

// Of backbone and linear head: PySlowFast's and OpenMMLab's for clips, timm's for images (224 x 224).
struct Counts {
  const char* params;
  int64_t frames, outputs, total;
  bool masked = false;
};
const Counts kCounts[] = {
    {R"({"size": "tiny"})", 16, 400, 23801104},
    {R"({"size": "small"})", 16, 400, 34537744},
    {R"({"size": "base"})", 32, 400, 51230128},
    {R"({"size": "large"})", 16, 400, 213220480},
    {R"({"size": "small", "dim_mul": "mlp"})", 16, 400, 36475120},
    {R"({"size": "large", "dim_mul": "mlp"})", 16, 400, 217578064},
    {R"({"size": "small", "dim_mul": "mlp"})", 16, 108, 36253356, /*masked=*/true},
    {R"({"size": "tiny", "class_token": false, "final_norm": true})", 1, 1000, 24173320},
    {R"({"size": "small", "class_token": false, "final_norm": true})", 1, 1000, 34870216},
    {R"({"size": "base", "class_token": false, "final_norm": true})", 1, 1000, 51472744},
    {R"({"size": "large", "class_token": false, "final_norm": true, "dim_mul": "mlp"})", 1, 1000, 217992952},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(mvit_tests)

BOOST_DATA_TEST_CASE(parameter_counts_are_the_originals, data::xrange(std::size(kCounts)), row) {
  const Counts& want = kCounts[row];
  vh_specs in = specs({input(want.frames, 224)});
  if (want.masked) add_mask(in, "replace", 392, 157);
  TestPart part(VH_BACKBONE_1, "mvit/mvit", json::parse(want.params).as_object());
  const Spec features = *part.create_meta(in).describe(in).find("features.0");
  BOOST_CHECK_EQUAL(part.parameter_count() + want.outputs * (features.c.dim[2] + 1), want.total);
}

BOOST_AUTO_TEST_SUITE_END()
