#include <vhost/media/picture_ops.h>
#include <vhost/media/resample.h>

#include <boost/test/unit_test.hpp>

#include "kernels.h"
#include "pictures.h"

using namespace vh::media;

namespace {

constexpr Filter kFilters[] = {Filter::kNearest, Filter::kBilinear, Filter::kBicubic};

Picture resized(const PictureView& from, const Box& box, Filter filter, int64_t width, int64_t height,
                bool mirror = false) {
  Picture out{width, height, std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
  resample(from, box, filter, mirror, width, height, out.rgb.data());
  return out;
}

Box whole(const Picture& picture) {
  return {0, 0, static_cast<double>(picture.width), static_cast<double>(picture.height)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_instruction_set_gives_the_same_bytes) {
  const Kernels* fast = avx2_kernels();
  if (!fast) {
    BOOST_TEST_MESSAGE("skipped: no AVX2 here");
    return;
  }
  for (auto [in, out] : {std::pair<int64_t, int64_t>{97, 31}, {31, 97}, {5, 5}, {1, 9}, {640, 3}}) {
    Picture picture = noise(in + 20, in);
    for (Filter filter : {Filter::kBilinear, Filter::kBicubic}) {
      Taps taps = make_taps(filter, in, 0, static_cast<double>(in), out);
      for (bool mirror : {false, true}) {
        auto both = [&](const Kernels& kernels) {
          std::vector<uint8_t> a(static_cast<size_t>(out * 3) + kRowPadding), b(a);
          const uint8_t* two[2] = {picture.rgb.data(), picture.rgb.data() + 3};
          kernels.columns(two, taps, mirror, {a.data(), b.data()});
          a.resize(static_cast<size_t>(out * 3));
          a.insert(a.end(), b.begin(), b.begin() + out * 3);
          return a;
        };
        BOOST_TEST((both(kPlainKernels) == both(*fast)));
      }
      std::vector<const uint8_t*> rows;
      for (int64_t y = 0; y < in; ++y) rows.push_back(picture.rgb.data() + y * picture.width * 3);
      std::vector<uint8_t> c(static_cast<size_t>(in * 3)), d(c);
      for (int64_t y = 0; y < out; ++y) {
        auto first = rows.data() + taps.first[static_cast<size_t>(y)];
        kPlainKernels.rows(first, taps, y, in * 3, c.data());
        fast->rows(first, taps, y, in * 3, d.data());
        BOOST_TEST((c == d));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_same_size_is_the_same_picture_and_mirrored_is_flipped) {
  for (auto [w, h] : {std::pair<int64_t, int64_t>{33, 20}, {1, 1}, {2, 300}}) {
    Picture picture = noise(w, h), flipped = picture;
    flip_horizontally(span(flipped));
    for (Filter filter : kFilters) {
      BOOST_TEST((resized(view(picture), whole(picture), filter, w, h).rgb == picture.rgb));
      BOOST_TEST((resized(view(picture), whole(picture), filter, w, h, /*mirror=*/true).rgb == flipped.rgb));
    }
  }
}

BOOST_AUTO_TEST_CASE(one_colour_stays_that_colour) {
  for (int value : {0, 1, 127, 254, 255}) {
    Picture picture{50, 40, std::vector<uint8_t>(50 * 40 * 3, static_cast<uint8_t>(value))};
    for (Filter filter : kFilters)
      for (auto [w, h] : {std::pair<int64_t, int64_t>{7, 90}, {224, 3}})
        for (uint8_t byte : resized(view(picture), {3.3, 1.7, 40.1, 31.9}, filter, w, h).rgb)
          BOOST_REQUIRE(byte == value);
  }
}

BOOST_AUTO_TEST_CASE(a_view_ends_at_its_edges) {
  Picture picture = noise(61, 43);
  Rect rect{11, 7, 29, 31};
  Picture part = cut(picture, rect);
  for (Filter filter : kFilters)
    for (auto [w, h] : {std::pair<int64_t, int64_t>{10, 12}, {64, 64}})
      BOOST_TEST((resized(view(picture, rect), whole(part), filter, w, h).rgb ==
                  resized(view(part), whole(part), filter, w, h).rgb));
  Rect last{60, 42, 1, 1};
  BOOST_TEST((resized(view(picture, last), {0, 0, 1, 1}, Filter::kBicubic, 1, 1).rgb == cut(picture, last).rgb));
}
