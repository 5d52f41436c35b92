#include <vhost/media/crop.h>

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "pictures.h"

using namespace vh::media;

BOOST_AUTO_TEST_CASE(a_crop_that_fits_nowhere_falls_back_as_asked) {
  CropRule rule{.kind = CropKind::kRandomResized, .area = {0.9, 1}};
  vh_random random = vh_random_from(1);
  BOOST_TEST((train_crop(rule, 1000, 30, random) == Rect{485, 0, 30, 30}));
  rule.fallback = CropFallback::kAspect;
  BOOST_TEST((train_crop(rule, 1000, 30, random) == Rect{480, 0, 40, 30}));
  BOOST_TEST((train_crop(rule, 30, 1000, random) == Rect{0, 480, 30, 40}));
  rule.aspect = {40, 50};
  rule.area = {0.01, 0.02};
  BOOST_TEST((train_crop(rule, 10, 10, random).height == 1));
}

BOOST_AUTO_TEST_CASE(one_pass_gives_what_resizing_and_cutting_give) {
  CropRule rule{.size = 22, .resize_short = 26};
  for (auto [w, h] : {std::pair<int64_t, int64_t>{61, 47}, {47, 61}, {30, 30}, {20, 33}, {500, 40}})
    for (Filter filter : {Filter::kBilinear, Filter::kBicubic})
      for (auto [crop, crops] : {std::pair<int64_t, int64_t>{0, 1}, {0, 3}, {1, 3}, {2, 3}}) {
        Picture picture = noise(w, h);
        int64_t width = w <= h ? 26 : 26 * w / h, height = h <= w ? 26 : 26 * h / w;
        Picture resized{width, height, std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
        resample(picture, {0, 0, static_cast<double>(w), static_cast<double>(h)}, filter, /*mirror=*/false, width,
                 height, resized.rgb.data());
        auto at = [&](int64_t room, bool along) {
          double share = crops > 1 && along ? static_cast<double>(crop) / static_cast<double>(crops - 1) : 0.5;
          return static_cast<int64_t>(std::nearbyint(static_cast<double>(room) * share));
        };
        Rect rect{at(width - 22, w >= h), at(height - 22, w < h), 22, 22};
        std::vector<uint8_t> out(22 * 22 * 3);
        resample(picture, resized_crop(rule, w, h, crop, crops), filter, /*mirror=*/false, 22, 22, out.data());
        BOOST_TEST((out == cut(resized, rect).rgb), w << " x " << h << ", crop " << crop << " of " << crops);
      }
}
