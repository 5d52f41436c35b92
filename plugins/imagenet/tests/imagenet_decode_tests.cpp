// Parts of pictures equal the whole; turning, limits and damage.
#include <vhost/random.h>

#include <boost/test/unit_test.hpp>

#include "decode.h"
#include "exif.h"
#include "support.h"

using namespace imagenet;
using namespace imagenet_test;
using Settings = JpegSettings;

namespace {

struct Case {
  const char* name;
  Settings settings;
};
std::vector<Case> jpeg_cases() {
  std::vector<Case> cases = {{"4:2:0", {}}, {"4:2:2", {}}, {"4:4:4", {}}, {"4:4:0", {}}, {"4:1:1", {}}};
  constexpr int kAcross[] = {2, 2, 1, 1, 4}, kDown[] = {2, 1, 1, 2, 1};
  for (size_t i = 0; i < cases.size(); ++i) cases[i].settings.across = kAcross[i], cases[i].settings.down = kDown[i];
  auto add = [&](const char* name, auto change) {
    cases.push_back({name, {}});
    change(cases.back().settings);
  };
  add("progressive", [](Settings& s) { s.progressive = true; });
  add("arithmetic", [](Settings& s) { s.arithmetic = true; });
  add("restarts", [](Settings& s) { s.restart_rows = 1; });
  add("grey", [](Settings& s) { s.colours = JpegColours::kGrey; });
  add("rgb", [](Settings& s) { s.colours = JpegColours::kRgb; });
  add("cmyk", [](Settings& s) { s.colours = JpegColours::kCmyk; });
  add("ycck", [](Settings& s) { s.colours = JpegColours::kYcck; });
  return cases;
}

Picture whole(const Image& image, int64_t shrink = 1) {
  return pack(image.decode({0, 0, image.width(), image.height()}, shrink).view().pixels);
}

Rect random_rect(vh_random& random, int64_t width, int64_t height) {
  int64_t w = 1 + vh_random_below(&random, width), h = 1 + vh_random_below(&random, height);
  return {vh_random_below(&random, width - w + 1), vh_random_below(&random, height - h + 1), w, h};
}

bool same(const RegionView& a, const RegionView& b) {
  return a.x == b.x && a.y == b.y && a.shrink == b.shrink && a.pixels.width == b.pixels.width &&
         a.pixels.height == b.pixels.height && pack(a.pixels).rgb == pack(b.pixels).rgb;
}

std::string error_of(const File& bytes, DecodeLimits limits = {}) {
  try {
    whole(Image(bytes, limits));
    return "decoded";
  } catch (const DecodeError& error) {
    return error.what();
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_part_of_a_jpeg_is_what_the_whole_has_there) {
  vh_random random = vh_random_from(3);
  for (const Case& one : jpeg_cases())
    for (int orientation : {1, 6, 7}) {
      File bytes = with_orientation(encode_jpeg(test_picture(101, 75), one.settings), orientation);
      Image image(bytes, {});
      BOOST_REQUIRE(image.width() == (orientation == 1 ? 101 : 75));
      for (int64_t shrink : {1, 2, 4, 8}) {
        Region all = image.decode({0, 0, image.width(), image.height()}, shrink);
        for (int i = 0; i < 25; ++i) {
          Rect rect = random_rect(random, image.width(), image.height());
          Region part = image.decode(rect, shrink);
          BOOST_TEST(same(part.view(), cut(all, rect)), one.name << ", orientation " << orientation << ", 1/" << shrink
                                                                 << ", " << rect.x << "," << rect.y << " " << rect.width
                                                                 << "x" << rect.height);
        }
      }
    }
}

BOOST_AUTO_TEST_CASE(a_part_covers_its_rectangle) {
  File bytes = with_orientation(encode_jpeg(test_picture(37, 29)), 3);
  Image image(bytes, {});
  Region part = image.decode({5, 6, 7, 8}, 1);
  BOOST_TEST((part.x == 5 && part.y == 6 && part.part.inside.width == 7 && part.part.inside.height == 8));
  for (int64_t shrink : {2, 4, 8}) {
    part = image.decode({5, 6, 7, 8}, shrink);
    BOOST_TEST(part.x <= 5);
    BOOST_TEST(part.y <= 6);
    BOOST_TEST(part.x + part.part.inside.width * shrink >= 12);
    BOOST_TEST(part.y + part.part.inside.height * shrink >= 14);
    BOOST_TEST((part.x > 5 - shrink && part.y > 6 - shrink));
  }
}

BOOST_AUTO_TEST_CASE(shrunk_pixels_are_near_the_mean_of_what_they_cover) {
  Settings settings;
  settings.quality = 98, settings.across = settings.down = 1;
  File bytes = encode_jpeg(test_picture(64, 48), settings);
  Image image(bytes, {});
  Picture full = whole(image);
  for (int64_t shrink : {2, 4, 8}) {
    Picture small = whole(image, shrink);
    BOOST_REQUIRE((small.width == 64 / shrink && small.height == 48 / shrink));
    double difference = 0;
    for (int64_t y = 0; y < small.height; ++y)
      for (int64_t x = 0; x < small.width; ++x)
        for (int64_t c = 0; c < 3; ++c) {
          double sum = 0;
          for (int64_t j = 0; j < shrink; ++j)
            for (int64_t i = 0; i < shrink; ++i)
              sum += full.rgb[static_cast<size_t>(((y * shrink + j) * 64 + x * shrink + i) * 3 + c)];
          difference += std::abs(sum / static_cast<double>(shrink * shrink) -
                                 small.rgb[static_cast<size_t>((y * small.width + x) * 3 + c)]);
        }
    BOOST_TEST(difference / static_cast<double>(small.rgb.size()) < 6.0, "1/" << shrink << ": " << difference);
  }
}

BOOST_AUTO_TEST_CASE(the_shrink_leaves_enough_pixels) {
  File bytes = encode_jpeg(test_picture(64, 48));
  Image image(bytes, {});
  BOOST_TEST(image.shrink_for(447, 800, 224) == 1);
  BOOST_TEST(image.shrink_for(448, 800, 224) == 2);
  BOOST_TEST(image.shrink_for(896, 900, 224) == 4);
  BOOST_TEST(image.shrink_for(100000, 100000, 224) == 8);
  BOOST_TEST(Image(File{'P', '5', ' ', '1', ' ', '1', ' ', '9', ' ', 9}, {}).shrink_for(999, 999, 1) == 1);
}

BOOST_AUTO_TEST_CASE(rectangles_turn_with_the_picture) {
  Picture stored = test_picture(5, 3);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    Picture seen = orient(stored, orientation);
    BOOST_TEST(seen.width == (turned(orientation) ? 3 : 5));
    for (int64_t y = 0; y < seen.height; ++y)
      for (int64_t x = 0; x < seen.width; ++x) {
        Rect at = stored_rect({x, y, 1, 1}, orientation, 5, 3);
        BOOST_TEST((seen_rect(at, orientation, 5, 3) == Rect{x, y, 1, 1}));
        auto pixel = [](const Picture& p, int64_t px, int64_t py) {
          return p.rgb[static_cast<size_t>((py * p.width + px) * 3)];
        };
        BOOST_TEST(pixel(seen, x, y) == pixel(stored, at.x, at.y));
      }
  }
}

BOOST_AUTO_TEST_CASE(the_orientation_is_read_in_both_byte_orders_and_nonsense_is_none) {
  File big = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0};
  File little = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 8, 0, 0, 0};
  BOOST_TEST(exif_orientation(big) == 6);
  BOOST_TEST(exif_orientation(little) == 8);
  for (size_t n = 0; n < big.size(); ++n) BOOST_TEST(exif_orientation(Bytes(big).first(n)) == 1);
  for (auto [at, value] : {std::pair{19, 9}, {19, 0}, {13, 7}, {17, 2}, {0, 'X'}, {4, 255}, {7, 200}}) {
    File bad = big;
    bad[static_cast<size_t>(at)] = static_cast<uint8_t>(value);
    BOOST_TEST(exif_orientation(bad) == 1, "byte " << at);
  }
}

BOOST_AUTO_TEST_CASE(large_pictures_are_refused_before_memory_is_taken) {
  File bytes = encode_jpeg(test_picture(64, 48));
  BOOST_TEST(error_of(bytes, {64 * 48, false}) == "decoded");
  BOOST_TEST(error_of(bytes, {64 * 48 - 1, false}) == "has 64 x 48 pixels, more than max_pixels, 3071");
  std::string pgm = "P5 2147483647 2147483647 255 ";
  BOOST_TEST(error_of(File(pgm.begin(), pgm.end())) ==
             "has 2147483647 x 2147483647 pixels, more than max_pixels, 178956970");
}

BOOST_AUTO_TEST_CASE(what_is_no_image_is_told) {
  BOOST_TEST(error_of({}) == "is empty");
  std::string html = "<html>404</html>";
  BOOST_TEST(error_of(File(html.begin(), html.end())) ==
             "is no image of a known kind (JPEG, PNG, WebP, BMP, PNM, TIFF, GIF, AVIF): begins with '<html>40'");
}

BOOST_AUTO_TEST_CASE(every_cut_of_a_jpeg_is_refused_or_used_as_asked) {
  for (bool progressive : {false, true}) {
    Settings settings;
    settings.progressive = progressive;
    File bytes = encode_jpeg(test_picture(64, 48), settings);
    BOOST_TEST(error_of(bytes) == "decoded");
    for (double share : {0.5, 0.8, 0.95}) {
      File part(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(bytes.size()) * share));
      BOOST_TEST(error_of(part).starts_with("is damaged: "),
                 share << (progressive ? " progressive " : " ") << error_of(part));
      BOOST_TEST(error_of(part, {1 << 20, true}) == "decoded");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_truncated_jpeg_is_refused_whichever_part_is_asked_for) {
  File bytes = encode_jpeg(test_picture(64, 48));
  bytes.resize(bytes.size() * 3 / 4);
  Image image(bytes, {});
  BOOST_CHECK_THROW(image.decode({0, 0, 8, 8}, 1), DecodeError);
}

BOOST_AUTO_TEST_CASE(a_jpeg_that_lacks_only_its_end_marker_is_whole) {
  File bytes = encode_jpeg(test_picture(64, 48));
  Picture picture = whole(Image(bytes, {}));
  bytes.resize(bytes.size() - 2);
  BOOST_TEST((whole(Image(bytes, {})).rgb == picture.rgb));
}

BOOST_AUTO_TEST_CASE(bytes_after_the_end_do_no_harm) {
  File bytes = encode_jpeg(test_picture(64, 48));
  Picture picture = whole(Image(bytes, {}));
  bytes.insert(bytes.end(), 200000, 0x55);
  BOOST_TEST((whole(Image(bytes, {})).rgb == picture.rgb));
}
