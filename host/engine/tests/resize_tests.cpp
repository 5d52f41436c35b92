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
  for (const char* rule : {"", "recompute", "bicubic2d(prefix=1)", "linear1d(dim=2)", "linear1d(dim=0) and more",
                           "linear1d(prefix=0)", "inflate(dim=0)"})
    BOOST_CHECK_MESSAGE(!resized(table, param_of(rule, {6, 2})).defined(), rule);
  BOOST_CHECK(!resized(table, param_of("linear1d(dim=0)", {6, 3})).defined());
  BOOST_CHECK(!resized(table, param_of("linear1d(dim=0)", {6, 2, 1})).defined());
}

// F.interpolate(table[:, 1:], mode="bicubic", align_corners=False) of PyTorch 2.11.
BOOST_AUTO_TEST_CASE(a_table_of_positions_is_interpolated_in_the_plane_and_keeps_its_prefix) {
  const at::Tensor table = at::tensor({9.f, 0.f, 1.f, 4.f, 9.f}).view({1, 5, 1});
  const at::Tensor square = resized(table, param_of("bicubic2d(prefix=1)", {1, 10, 1}));
  const at::Tensor want = at::tensor({9.f, -0.40388718f, -0.02083337f, 0.36222005f, 1.73958385f, 3.5f, 5.26041698f,
                                      3.88305426f, 7.02083302f, 10.1586132f});
  BOOST_CHECK(at::allclose(square.flatten(), want));
  const at::Tensor wide = resized(table, param_of("bicubic2d(prefix=1,h=1,w=4)", {1, 5, 1}));
  BOOST_CHECK(at::allclose(wide.flatten(), at::tensor({9.f, 1.68359375f, 2.6796875f, 4.3203125f, 5.31640625f})));
  const at::Tensor bare = resized(table.slice(1, 1), param_of("bicubic2d(prefix=0)", {1, 9, 1}));
  BOOST_CHECK(at::equal(bare, square.slice(1, 1)));
}

BOOST_AUTO_TEST_CASE(a_table_that_is_no_square_or_of_another_width_is_not_interpolated) {
  const at::Tensor table = at::zeros({1, 5, 2});
  BOOST_CHECK(!resized(table, param_of("bicubic2d(prefix=1)", {1, 10, 3})).defined());
  BOOST_CHECK(!resized(table, param_of("bicubic2d(prefix=1)", {1, 7, 2})).defined());  // 6 cells
  BOOST_CHECK(!resized(table, param_of("bicubic2d(prefix=0)", {1, 9, 2})).defined());  // 5 stored cells
  BOOST_CHECK(!resized(table, param_of("bicubic2d(prefix=1,h=2,w=5)", {1, 10, 2})).defined());
  BOOST_CHECK(!resized(table, param_of("bicubic2d(prefix=6)", {1, 10, 2})).defined());  // none but prefix, and too few
}

BOOST_AUTO_TEST_CASE(a_kernel_of_pictures_is_repeated_over_time_and_one_of_clips_summed) {
  const at::Tensor picture = at::arange(4, at::kFloat).view({1, 1, 1, 2, 2});
  const at::Tensor clip = resized(picture, param_of("inflate(dim=2)", {1, 1, 3, 2, 2}));
  for (int64_t t = 0; t < 3; ++t) BOOST_CHECK(at::equal(clip.select(2, t), picture.select(2, 0)));
  BOOST_CHECK(at::equal(resized(clip, param_of("inflate(dim=2)", {1, 1, 1, 2, 2})), 3 * picture));
  BOOST_CHECK(!resized(clip, param_of("inflate(dim=2)", {1, 1, 5, 2, 2})).defined());
  BOOST_CHECK(!resized(picture, param_of("inflate(dim=2)", {1, 1, 3, 2, 3})).defined());
}

BOOST_AUTO_TEST_SUITE_END()
