#include <zlib.h>

#include <boost/test/unit_test.hpp>
#include <random>

#include "base/error.h"
#include "report/picture.h"

using namespace vhost;

namespace {

Picture noise(int width, int height, unsigned seed) {
  Picture picture(width, height);
  std::mt19937 random(seed);
  for (size_t i = 0; i < picture.rgb.size(); ++i)
    picture.rgb[i] = static_cast<uint8_t>(seed % 2 ? random() : i / 5 + random() % 3);
  return picture;
}

uint32_t big_endian(const std::string& bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// A reader after the standard's text, written apart from the writer. Checks every CRC.
Picture decoded(const std::string& png) {
  Picture out;
  std::string data;
  BOOST_REQUIRE(png.substr(0, 8) == std::string("\x89PNG\r\n\x1a\n", 8));
  for (size_t at = 8; at < png.size();) {
    const uint32_t size = big_endian(png, at);
    const std::string type = png.substr(at + 4, 4), body = png.substr(at + 8, size);
    const std::string sealed = type + body;
    BOOST_TEST(big_endian(png, at + 8 + size) ==
               crc32(0, reinterpret_cast<const Bytef*>(sealed.data()), static_cast<uInt>(sealed.size())));
    if (type == "IHDR") {
      out = Picture(static_cast<int>(big_endian(body, 0)), static_cast<int>(big_endian(body, 4)));
      BOOST_TEST(body.substr(8) == std::string("\x08\x02\0\0\0", 5));
    }
    if (type == "IDAT") data += body;
    at += 12 + size;
  }
  const size_t stride = static_cast<size_t>(out.width) * 3;
  std::vector<uint8_t> rows((stride + 1) * static_cast<size_t>(out.height));
  uLongf size = rows.size();
  BOOST_REQUIRE(uncompress(rows.data(), &size, reinterpret_cast<const Bytef*>(data.data()), data.size()) == Z_OK);
  BOOST_REQUIRE(size == rows.size());
  for (size_t y = 0; y < static_cast<size_t>(out.height); ++y)
    for (size_t i = 0; i < stride; ++i) {
      const int a = i >= 3 ? out.rgb[y * stride + i - 3] : 0, b = y > 0 ? out.rgb[(y - 1) * stride + i] : 0;
      const int c = i >= 3 && y > 0 ? out.rgb[(y - 1) * stride + i - 3] : 0;
      const int p = a + b - c, pa = std::abs(p - a), pb = std::abs(p - b), pc = std::abs(p - c);
      int guess = 0;
      switch (rows[y * (stride + 1)]) {
        case 1:
          guess = a;
          break;
        case 2:
          guess = b;
          break;
        case 3:
          guess = (a + b) / 2;
          break;
        case 4:
          guess = pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
          break;
        default:
          break;
      }
      out.rgb[y * stride + i] = static_cast<uint8_t>(rows[y * (stride + 1) + 1 + i] + guess);
    }
  return out;
}

std::array<int, 3> pixel(const Picture& p, int x, int y) {
  const uint8_t* at = &p.rgb[(static_cast<size_t>(y) * p.width + x) * 3];
  return {at[0], at[1], at[2]};
}

}  // namespace

BOOST_AUTO_TEST_CASE(png_reads_back_bit_for_bit) {
  for (const auto& [width, height] : {std::pair(1, 1), std::pair(7, 3), std::pair(224, 224), std::pair(1, 50)})
    for (unsigned seed = 0; seed < 4; ++seed) {
      const Picture picture = noise(width, height, seed);
      const Picture back = decoded(png_bytes(picture));
      BOOST_TEST(back.width == width);
      BOOST_TEST(back.height == height);
      BOOST_TEST(back.rgb == picture.rgb, width << " x " << height);
    }
}

BOOST_AUTO_TEST_CASE(a_picture_of_the_wrong_size_is_refused) {
  Picture picture(4, 4);
  picture.rgb.pop_back();
  BOOST_CHECK_EXCEPTION(png_bytes(picture), Error, [](const Error& e) {
    return std::string(e.what()) == "a picture of 4 x 4 pixels has 47 bytes, not 48";
  });
  BOOST_CHECK_THROW(png_bytes(Picture()), Error);
}

BOOST_AUTO_TEST_CASE(resizing_repeats_or_averages) {
  Picture small(2, 1);
  small.rgb = {0, 0, 0, 200, 100, 50};
  const Picture large = resized(small, 6, 3);
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 6; ++x) BOOST_TEST((pixel(large, x, y) == pixel(small, x / 3, 0)), x << ", " << y);
  const std::array<int, 3> mean{100, 50, 25};
  BOOST_TEST((pixel(resized(small, 1, 1), 0, 0) == mean));
  BOOST_TEST((resized(large, 2, 1).rgb == small.rgb));
}

BOOST_AUTO_TEST_CASE(text_outside_the_picture_is_cut_off) {
  Picture picture(20, 10);
  draw_text(picture, -7, -3, "W\xC3\xA4rme", {255, 255, 255});
  draw_text(picture, 15, 5, "W", {255, 255, 255});
  BOOST_TEST(picture.rgb.size() == 600u);
  BOOST_TEST(text_width("abc", 1) == 17);
  BOOST_TEST(text_width("\xC3\xA4", 1) == text_width("a", 1));
}

BOOST_AUTO_TEST_CASE(a_sheet_holds_every_frame_in_its_place) {
  Sheet sheet;
  sheet.title = "Reconstruction";
  for (int r = 0; r < 3; ++r) {
    SheetRow row{"row " + std::to_string(r), {}};
    for (int f = 0; f < 4; ++f)
      row.frames.emplace_back(
          32, 32, std::array<uint8_t, 3>{static_cast<uint8_t>(100 + 20 * r), static_cast<uint8_t>(50 * f), 77});
    sheet.rows.push_back(row);
  }
  const Picture picture = contact_sheet(sheet);
  for (int r = 0; r < 3; ++r)
    for (int f = 0; f < 4; ++f) {
      int64_t found = 0;
      for (int y = 0; y < picture.height; ++y)
        for (int x = 0; x < picture.width; ++x)
          found += pixel(picture, x, y) == std::array<int, 3>{100 + 20 * r, 50 * f, 77};
      BOOST_TEST(found == 96 * 96, "row " << r << ", frame " << f);  // enlarged three times
    }
}

BOOST_AUTO_TEST_CASE(wide_sheets_are_shrunk_and_uneven_ones_accepted) {
  Sheet sheet;
  sheet.max_width = 800;
  sheet.columns = {"t = 0", "t = 2", "t = 4"};
  sheet.rows = {{"a clip with a name that is far too long for the column", {}},
                {"", {Picture(10, 90)}},
                {"two\nlines\nand\nmore", {Picture(64, 8)}}};
  for (int f = 0; f < 16; ++f) sheet.rows[0].frames.push_back(noise(224, 160, 1));
  BOOST_TEST(contact_sheet(sheet).width <= 800);
  BOOST_CHECK_EXCEPTION(contact_sheet({"x", {}, {}, 100}), Error, [](const Error& e) {
    return std::string(e.what()) == "a sheet of frames needs at least one frame";
  });
}
