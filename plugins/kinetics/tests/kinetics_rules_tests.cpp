// Lists, sampling rules and crops: no media, no decoding.
#include <vhost/media/crop.h>
#include <vhost/media/list_file.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>

#include "media.h"
#include "sampling.h"

using namespace kinetics;
using namespace kinetics_test;
using namespace vh::media;

namespace {

using Indices = std::vector<int64_t>;

struct Failure {
  std::string text;
  template <typename E>
  bool operator()(const E& error) const {
    if (std::string(error.what()).find(text) != std::string::npos) return true;
    BOOST_TEST_MESSAGE("wanted '" << text << "', got: " << error.what());
    return false;
  }
};

std::string joined(const std::vector<ListItem>& items) {
  std::string text;
  for (const auto& item : items) text += item.name + "|" + std::to_string(item.label) + ";";
  return text;
}

std::string read_back(const std::string& list, const ListFormat& format = {}) {
  TemporaryFolder folder;
  return joined(read_list(folder.write("list.txt", list), folder.path, format));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lists)

struct ListRow {
  const char *name, *text, *columns, *separator, *wanted;
};
std::ostream& operator<<(std::ostream& out, const ListRow& row) {
  return out << row.name;
}
const ListRow kLists[] = {
    {"MMAction", "abseiling/a.mp4 0\nzumba/b.mp4 399\n", "path label", "auto", "abseiling/a.mp4|0;zumba/b.mp4|399;"},
    {"spaces in folders", "air drumming/a b.mp4 7\n", "path label", "auto", "air drumming/a b.mp4|7;"},
    {"VideoMAE csv", "/data/a.mp4,3\n/data/b,c.mp4,4\n", "path label", "auto", "/data/a.mp4|3;/data/b,c.mp4|4;"},
    {"tabs", "a b.mp4\t3\n", "path label", "auto", "a b.mp4|3;"},
    {"tab, also a space before it", "a 5\t3\n", "path label", "auto", "a 5|3;"},
    {"OpenMMLab's test list", "a, 250, 3\nb, 300, 4\n", "path frames label", "auto", "a|3;b|4;"},
    {"VideoMAE V2", "a b.mp4 0 -1\n", "path frames label", "auto", "a b.mp4|-1;"},
    {"largest label", "a 999999\n", "path label", "auto", "a|999999;"},
    {"no labels, with numbers in the names", "a 0.5.mp4\nc 7b\n", "path label", "auto", "a 0.5.mp4|-1;c 7b|-1;"},
    {"no labels", "a b.mp4\nc.mp4\n", "path label", "auto", "a b.mp4|-1;c.mp4|-1;"},
    {"comments, blank lines, CRLF, BOM", "\xef\xbb\xbf# a comment\r\n\r\n  a.mp4 1  \r\nb.mp4 2", "path label", "auto",
     "a.mp4|1;b.mp4|2;"},
    {"stated separator", "a,1 2\n", "path label", "space", "a,1|2;"},
};
BOOST_DATA_TEST_CASE(forms_are_read, boost::unit_test::data::make(kLists)) {
  BOOST_TEST(read_back(sample.text, {sample.separator, sample.columns}) == sample.wanted);
}

const ListRow kBadLists[] = {
    {"label is no integer", "a 1\nb x\n", "path label", "space",
     "list.txt:2: the label 'x' is not an integer from -1 (unknown) to 999999"},
    {"label missing", "a.mp4 1\n\nb.mp4\n", "path label", "auto",
     "list.txt:3: no label after the path, unlike in the lines above: 'b.mp4'"},
    {"label unexpected", "a.mp4\nb.mp4 1\n", "path label", "auto",
     "list.txt:2: a label, unlike in the lines above: 'b.mp4 1'"},
    {"negative", "a -2\n", "path label", "auto",
     "list.txt:1: the label '-2' is not an integer from -1 (unknown) to 999999"},
    {"fraction", "a.mp4 0.5\n", "path label", "auto",
     "list.txt:1: the label '0.5' is not an integer from -1 (unknown) to 999999"},
    {"fraction after a comma", "a b.mp4,1e3\n", "path label", "auto",
     "list.txt:1: the label '1e3' is not an integer from -1 (unknown) to 999999"},
    {"beyond 64 bits", "a 99999999999999999999\n", "path label", "auto",
     "list.txt:1: the label '99999999999999999999' is not an integer from -1 (unknown) to 999999"},
    {"more classes than a head may have", "a 1000000\n", "path label", "auto",
     "list.txt:1: the label '1000000' is not an integer from -1 (unknown) to 999999"},
    {"two columns", "a 1\n", "path frames label", "auto", "list.txt:1: wanted 'path frames label', found 'a 1'"},
    {"label too large", "a 99999999999999999999\n", "path label", "space",
     "list.txt:1: the label '99999999999999999999' is not an integer from -1 (unknown) to 999999"},
};
BOOST_DATA_TEST_CASE(bad_lines_are_named, boost::unit_test::data::make(kBadLists)) {
  BOOST_CHECK_EXCEPTION(read_back(sample.text, {sample.separator, sample.columns}), ListError, Failure{sample.wanted});
}

BOOST_AUTO_TEST_CASE(a_missing_list_is_named) {
  BOOST_CHECK_EXCEPTION(read_list("/nowhere/list.txt", "/", {}), ListError,
                        Failure{"/nowhere/list.txt: can't be opened: No such file or directory"});
}

BOOST_AUTO_TEST_CASE(paths_are_relative_to_the_root_and_mp4_is_appended) {
  TemporaryFolder folder;
  folder.write("bare", "x");
  BOOST_TEST(resolve_path(folder.path, "id_1") == (folder.path / "id_1.mp4").string());
  BOOST_TEST(resolve_path(folder.path, "bare") == (folder.path / "bare").string());
  BOOST_TEST(resolve_path(folder.path, "a/b.webm") == (folder.path / "a/b.webm").string());
  BOOST_TEST(resolve_path(folder.path, "/c/d.mkv") == "/c/d.mkv");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(sampling)

struct TestRow {
  const char* name;
  SamplingRule rule;
  int64_t length, stride, clips, frames;
  double fps;
  int64_t clip;
  Indices wanted;
};
std::ostream& operator<<(std::ostream& out, const TestRow& row) {
  return out << row.name;
}
// Worked out by hand from the formulas in sampling.h.
const TestRow kTestRows[] = {
    {"mmaction, one clip: (300 - 61) / 2 = 119",
     SamplingRule::kMmaction,
     16,
     4,
     1,
     300,
     30,
     0,
     {119, 123, 127, 131, 135, 139, 143, 147, 151, 155, 159, 163, 167, 171, 175, 179}},
    {"mmaction, clip 1 of 5: round(239 / 4) = 60", SamplingRule::kMmaction, 4, 20, 5, 300, 30, 1, {60, 80, 100, 120}},
    {"mmaction, half to even: round(2.5) = 2", SamplingRule::kMmaction, 2, 4, 3, 10, 30, 1, {2, 6}},
    {"mmaction, the last clip ends at the end", SamplingRule::kMmaction, 4, 20, 5, 300, 30, 4, {239, 259, 279, 299}},
    {"mmaction, short: loops", SamplingRule::kMmaction, 8, 4, 1, 10, 30, 0, {0, 4, 8, 2, 6, 0, 4, 8}},
    {"mmaction, one frame", SamplingRule::kMmaction, 4, 4, 10, 1, 30, 9, {0, 0, 0, 0}},
    {"uniform, seg 9, one clip: + int(4.5)", SamplingRule::kUniform, 4, 1, 1, 37, 30, 0, {4, 13, 22, 31}},
    {"uniform, clip 1 of 2: + int(9 / 3 * 2)", SamplingRule::kUniform, 4, 1, 2, 37, 30, 1, {6, 15, 24, 33}},
    {"uniform, shorter than the clip: seg 0.75", SamplingRule::kUniform, 4, 1, 1, 4, 30, 0, {0, 1, 2, 2}},
    {"videomae, chunk 1 of 3: M = 25, int(1 * 9 / 2) = 4",
     SamplingRule::kVideomae,
     16,
     4,
     3,
     100,
     30,
     1,
     {16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 68, 72, 76}},
    {"videomae, short: the last is repeated", SamplingRule::kVideomae, 6, 4, 2, 10, 30, 1, {0, 4, 8, 8, 8, 8}},
    {"slowfast, 30 fps, clip 0: linspace(0, 63)",
     SamplingRule::kSlowfast,
     16,
     4,
     10,
     300,
     30,
     0,
     {0, 4, 8, 12, 16, 21, 25, 29, 33, 37, 42, 46, 50, 54, 58, 63}},
    {"slowfast, 15 fps: 32 frames, clip 2 of 3: 2 * floor(68 / 2)",
     SamplingRule::kSlowfast,
     4,
     16,
     3,
     100,
     15,
     2,
     {68, 78, 88, 99}},
    {"slowfast, short: clamped", SamplingRule::kSlowfast, 4, 16, 1, 10, 30, 0, {0, 9, 9, 9}},
};
BOOST_DATA_TEST_CASE(test_rules_give_the_indices_of_their_formulas, boost::unit_test::data::make(kTestRows)) {
  Sampling s{sample.rule, sample.length, sample.stride, sample.clips, 30};
  auto got = sample_test(s, sample.frames, sample.fps, sample.clip);
  BOOST_TEST(got == sample.wanted, boost::test_tools::per_element());
}

constexpr SamplingRule kRules[] = {SamplingRule::kMmaction,     SamplingRule::kUniform,
                                   SamplingRule::kVideomae,     SamplingRule::kVideomaeFinetune,
                                   SamplingRule::kVideomaeSsv2, SamplingRule::kSlowfast};

BOOST_AUTO_TEST_CASE(every_rule_stays_inside_the_video) {
  for (SamplingRule rule : kRules)
    for (int64_t frames : {1, 2, 3, 7, 15, 16, 17, 63, 64, 65, 300})
      for (uint64_t seed = 0; seed < 40; ++seed) {
        Sampling s{rule, 16, 4, 3, 30};
        vh_random random = vh_random_from(seed);
        auto indices = sample_train(s, frames, 29.97, random);
        for (int64_t clip = 0; clip < 3; ++clip) {
          auto test = sample_test(s, frames, 29.97, clip);
          BOOST_TEST_REQUIRE(test.size() == 16u);
          indices.insert(indices.end(), test.begin(), test.end());
        }
        BOOST_TEST_REQUIRE(indices.size() == 64u);
        for (int64_t i : indices)
          BOOST_TEST_REQUIRE((i >= 0 && i < frames), "rule " << int(rule) << ", " << frames << " frames: index " << i);
      }
}

// Each start that the rule allows, and no other, comes up.
std::map<int64_t, int> starts_of(const Sampling& s, int64_t frames, Indices* one = nullptr) {
  std::map<int64_t, int> starts;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    vh_random random = vh_random_from(vh_hash2(seed, 5));
    auto indices = sample_train(s, frames, 30, random);
    ++starts[indices[0]];
    if (one) *one = indices;
  }
  return starts;
}

BOOST_AUTO_TEST_CASE(mmaction_and_videomae_start_anywhere_that_leaves_a_whole_span) {
  for (SamplingRule rule : {SamplingRule::kMmaction, SamplingRule::kVideomae}) {
    Indices one;
    auto starts = starts_of({rule, 16, 4, 1, 30}, 70, &one);
    BOOST_TEST(starts.size() == 7u);
    BOOST_TEST(starts.begin()->first == 0);
    BOOST_TEST(starts.rbegin()->first == 6);
    for (size_t k = 1; k < one.size(); ++k) BOOST_TEST(one[k] - one[k - 1] == 4);
  }
}

BOOST_AUTO_TEST_CASE(videomae_repeats_the_last_index_that_fits) {
  vh_random random = vh_random_from(1);
  BOOST_TEST(sample_train({SamplingRule::kVideomae, 5, 4, 1, 30}, 11, 30, random) == (Indices{0, 4, 8, 8, 8}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(videomae_finetune_spreads_16_points_over_64_frames) {
  auto starts = starts_of({SamplingRule::kVideomaeFinetune, 16, 4, 1, 30}, 66);
  BOOST_TEST(starts.size() == 2u);  // end in {64, 65}
  vh_random random = vh_random_from(1);
  auto indices = sample_train({SamplingRule::kVideomaeFinetune, 16, 4, 1, 30}, 65, 30, random);
  BOOST_TEST(indices == (Indices{0, 4, 8, 12, 17, 21, 25, 29, 34, 38, 42, 46, 51, 55, 59, 63}),
             boost::test_tools::per_element());
  indices = sample_train({SamplingRule::kVideomaeFinetune, 6, 4, 1, 30}, 13, 30,
                         random);  // linspace(0, 13, 3), then 13, clipped
  BOOST_TEST(indices == (Indices{0, 6, 12, 12, 12, 12}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(uniform_draws_one_frame_of_each_segment) {
  Sampling s{SamplingRule::kUniform, 4, 1, 1, 30};
  std::map<int64_t, int> seen[4];
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    vh_random random = vh_random_from(seed);
    auto indices = sample_train(s, 37, 30, random);
    for (size_t i = 0; i < 4; ++i) ++seen[i][indices[i]];
  }
  for (int64_t i = 0; i < 4; ++i) {
    BOOST_TEST(seen[i].size() == 10u);  // both ends included
    BOOST_TEST(seen[i].begin()->first == 9 * i);
    BOOST_TEST(seen[i].rbegin()->first == 9 * i + 9);
  }
}

BOOST_AUTO_TEST_CASE(slowfast_counts_in_seconds) {
  Indices one;
  starts_of({SamplingRule::kSlowfast, 8, 8, 1, 30}, 300, &one);
  BOOST_TEST(one.back() - one.front() == 63, "at 30 fps");
  vh_random random = vh_random_from(3);
  one = sample_train({SamplingRule::kSlowfast, 8, 8, 1, 30}, 300, 60, random);
  BOOST_TEST(std::abs(one.back() - one.front() - 127) <= 1, "at 60 fps");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(crops)

BOOST_AUTO_TEST_CASE(test_views_are_where_they_should_be) {
  CropRule whole{.size = 224};
  BOOST_TEST((test_crop(whole, 340, 256, 0, 1) == Rect{42, 0, 256, 256}));
  BOOST_TEST((test_crop(whole, 340, 256, 0, 3) == Rect{0, 0, 256, 256}));
  BOOST_TEST((test_crop(whole, 340, 256, 1, 3) == Rect{42, 0, 256, 256}));
  BOOST_TEST((test_crop(whole, 340, 256, 2, 3) == Rect{84, 0, 256, 256}));
  BOOST_TEST((test_crop(whole, 256, 340, 2, 3) == Rect{0, 84, 256, 256}));
  CropRule cut{.size = 224, .resize_short = 256};
  BOOST_TEST((test_crop(cut, 340, 256, 0, 1) == Rect{58, 16, 224, 224}));
  BOOST_TEST((test_crop(cut, 1280, 720, 0, 1) == Rect{325, 45, 630, 630}));
}

BOOST_AUTO_TEST_CASE(random_resized_crops_keep_area_and_aspect) {
  CropRule rule{.kind = CropKind::kRandomResized, .area = {0.2, 0.8}};
  double least = 1, most = 0, narrow = 9, wide = 0;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    vh_random random = vh_random_from(seed);
    Rect r = train_crop(rule, 400, 300, random);
    BOOST_TEST_REQUIRE((r.x >= 0 && r.y >= 0 && r.x + r.width <= 400 && r.y + r.height <= 300));
    double area = double(r.width * r.height) / 120000, aspect = double(r.width) / double(r.height);
    least = std::min(least, area), most = std::max(most, area), narrow = std::min(narrow, aspect),
    wide = std::max(wide, aspect);
  }
  BOOST_TEST((least > 0.195 && least < 0.21 && most > 0.78 && most < 0.805), "areas " << least << " to " << most);
  BOOST_TEST((narrow > 0.74 && narrow < 0.78 && wide > 1.28 && wide < 1.35), "aspects " << narrow << " to " << wide);
}

BOOST_AUTO_TEST_CASE(random_resized_crops_fall_back_to_the_centre_square) {
  CropRule rule{.kind = CropKind::kRandomResized, .area = {1, 1}, .aspect = {1, 1}};
  vh_random random = vh_random_from(0);
  BOOST_TEST((train_crop(rule, 400, 100, random) == Rect{150, 0, 100, 100}));
}

BOOST_AUTO_TEST_CASE(multi_scale_crops_have_their_sizes_and_places) {
  CropRule rule{.kind = CropKind::kMultiScale, .size = 224};
  std::map<std::pair<int64_t, int64_t>, std::map<std::pair<int64_t, int64_t>, int>> seen;
  for (uint64_t seed = 0; seed < 20000; ++seed) {
    vh_random random = vh_random_from(seed);
    Rect r = train_crop(rule, 340, 256, random);
    ++seen[{r.width, r.height}][{r.x, r.y}];
  }
  // 256, 224, 192, 168: ten pairs of neighbours.
  BOOST_TEST(seen.size() == 10u);
  for (auto [size, places] : seen) BOOST_TEST(std::abs(size.first - size.second) <= 32);
  BOOST_TEST((seen[{168, 168}].size() == 13u));
  BOOST_TEST((seen[{168, 168}].count({2 * ((340 - 168) / 4), 2 * ((256 - 168) / 4)}) == 1u));
  BOOST_TEST((seen[{256, 256}].size() == 5u));  // only x differs: 0..4 quarters
}

BOOST_AUTO_TEST_SUITE_END()
