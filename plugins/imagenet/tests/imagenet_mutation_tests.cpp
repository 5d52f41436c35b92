// Damaged files of every kind: a DecodeError or a picture, never a crash, a hang or memory beyond the limit.
#include <vhost/random.h>

#include <boost/test/unit_test.hpp>

#include "decode.h"
#include "support.h"

using namespace imagenet;
using namespace imagenet_test;

namespace {

constexpr int64_t kMaxPixels = 1 << 16;

File flip_bits(File file, vh_random& random) {
  for (int64_t n = 1 + vh_random_below(&random, 8); n; --n)
    file[static_cast<size_t>(vh_random_below(&random, static_cast<int64_t>(file.size())))] ^=
        static_cast<uint8_t>(1 << vh_random_below(&random, 8));
  return file;
}

// Values that lengths, counts and offsets break at.
File write_extremes(File file, vh_random& random) {
  constexpr uint8_t kExtremes[] = {0, 1, 0x7f, 0x80, 0xfe, 0xff};
  uint8_t value = kExtremes[vh_random_below(&random, 6)];
  auto at = static_cast<size_t>(vh_random_below(&random, static_cast<int64_t>(file.size())));
  for (size_t n = size_t{1} << vh_random_below(&random, 3); n && at < file.size(); --n) file[at++] = value;
  return file;
}

File cut_off(File file, vh_random& random) {
  file.resize(static_cast<size_t>(vh_random_below(&random, static_cast<int64_t>(file.size()))));
  return file;
}

File move_part(File file, vh_random& random) {
  auto place = [&] { return vh_random_below(&random, static_cast<int64_t>(file.size()) + 1); };
  int64_t begin = place(),
          end = std::min<int64_t>(begin + vh_random_below(&random, 64), static_cast<int64_t>(file.size()));
  File part(file.begin() + begin, file.begin() + end);
  if (vh_random_below(&random, 2)) file.erase(file.begin() + begin, file.begin() + end);
  file.insert(file.begin() + place(), part.begin(), part.end());
  return file;
}

File mutate(const File& file, vh_random& random) {
  switch (vh_random_below(&random, 5)) {
    case 0:
      return cut_off(file, random);
    case 1:
      return move_part(file, random);
    case 2:
      return write_extremes(write_extremes(file, random), random);
    case 3:
      return write_extremes(file, random);
    default:
      return flip_bits(file, random);
  }
}

// How far a file comes.
enum Outcome { kRefused, kDecoded };
Outcome decode(const File& file, bool accept_damaged, vh_random& random) try {
  Image image(file, {kMaxPixels, accept_damaged});
  int64_t w = image.width(), h = image.height();
  BOOST_TEST(w * h <= kMaxPixels);
  int64_t x = vh_random_below(&random, w), y = vh_random_below(&random, h);
  int64_t shrink = image.shrink_for(w, h, 1);
  image.decode({x, y, w - x, h - y}, shrink);
  Region all = image.decode({0, 0, w, h}, 1);
  const auto& [picture, inside] = all.part;
  BOOST_TEST((inside.width == w && inside.height == h));
  BOOST_TEST(picture.rgb.size() == static_cast<size_t>(picture.width * picture.height * 3));
  return kDecoded;
} catch (const DecodeError& error) {
  BOOST_TEST(std::string(error.what()) != "");
  return kRefused;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_fixtures_themselves_decode) {
  vh_random random = vh_random_from(1);
  BOOST_TEST(fixtures().size() > 60u);
  for (const auto& path : fixtures()) BOOST_TEST(decode(read_file(path), false, random) == kDecoded, path);
}

BOOST_AUTO_TEST_CASE(mutated_files_are_refused_or_decoded) {
  constexpr int kMutations = 150;
  int64_t refused = 0, decoded = 0;
  for (const auto& path : fixtures()) {
    File file = read_file(path);
    for (uint64_t i = 0; i < kMutations; ++i) {
      vh_random random = vh_random_from(vh_hash2(vh_hash_text(path.filename().c_str()), i));
      BOOST_TEST_CONTEXT(path.filename() << ", mutation " << i)
      (decode(mutate(file, random), i % 2, random) == kRefused ? refused : decoded) += 1;
    }
  }
  BOOST_TEST_MESSAGE(refused << " refused, " << decoded << " decoded");
  BOOST_TEST(refused > 500);
  BOOST_TEST(decoded > 500);
}

BOOST_AUTO_TEST_CASE(every_start_of_a_file_is_refused_or_decoded) {
  vh_random random = vh_random_from(2);
  for (const char* name :
       {"q75s2.jpg", "palette.png", "lossless.webp", "rle8.bmp", "p6.ppm", "rgb.tif", "palette.gif"}) {
    File file = read_file((fixtures()[0].parent_path() / name).string());
    for (size_t n = 0; n < file.size(); n += 1 + n / 50) BOOST_TEST_CONTEXT(name << ", " << n << " bytes")
    decode({file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n)}, false, random);
  }
}
