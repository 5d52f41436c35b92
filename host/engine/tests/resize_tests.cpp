#include <ATen/ATen.h>

#include <boost/test/unit_test.hpp>

#include "engine/resize.h"

using namespace vhost;

namespace {

Param param_of(const std::string& on_resize, at::IntArrayRef sizes) {
  Param param;
  param.on_resize = on_resize;
  param.value = at::zeros(sizes);
  return param;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(resize_tests)

BOOST_AUTO_TEST_CASE(a_table_is_interpolated_along_its_rows) {
  const at::Tensor table = at::tensor({0.f, 0.f, 3.f, 30.f, 6.f, 60.f}).view({3, 2});
  const at::Tensor got = resized(table, param_of("linear1d(dim=0)", {6, 2}));
  const at::Tensor want = at::tensor({0.f, 0.75f, 2.25f, 3.75f, 5.25f, 6.f});  // half-pixel centres, held at the ends
  BOOST_CHECK(at::allclose(got.select(1, 0), want));
  BOOST_CHECK(at::allclose(got.select(1, 1), want * 10));
  BOOST_CHECK(at::allclose(resized(table.t(), param_of("linear1d(dim=1)", {2, 6})), got.t()));
}

BOOST_AUTO_TEST_CASE(other_rules_and_other_axes_are_not_resized) {
  const at::Tensor table = at::zeros({3, 2});
  for (const char* rule : {"", "recompute", "bicubic2d(prefix=1)", "linear1d(dim=2)", "linear1d(dim=0) and more"})
    BOOST_CHECK_MESSAGE(!resized(table, param_of(rule, {6, 2})).defined(), rule);
  BOOST_CHECK(!resized(table, param_of("linear1d(dim=0)", {6, 3})).defined());
  BOOST_CHECK(!resized(table, param_of("linear1d(dim=0)", {6, 2, 1})).defined());
}

BOOST_AUTO_TEST_SUITE_END()
