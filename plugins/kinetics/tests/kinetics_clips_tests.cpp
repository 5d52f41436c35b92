// The whole dataset: what read() writes, on real files, and what it says about broken ones.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <set>
#include <thread>

#include "clips.h"
#include "convert.h"
#include "decoder.h"
#include "media.h"

using namespace kinetics;
using namespace kinetics_test;
namespace fs = std::filesystem;

namespace {

struct NeedsMedia {
  boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const {
    boost::test_tools::assertion_result ready = !media_folder().empty();
    ready.message() << "skipped: needs the sample media (VHOST_MEDIA)";
    return ready;
  }
};

ClipsOptions small_options(std::vector<std::string> files) {
  ClipsOptions o;
  o.files = std::move(files);
  o.sampling = {SamplingRule::kMmaction, 4, 4, 1, 30};
  o.crop = {.kind = CropKind::kRandomResized, .size = 48};
  o.flip = 0.5;
  return o;
}

std::vector<uint8_t> read_one(const Clips& clips, int64_t index, Pass pass, uint64_t seed) {
  std::vector<uint8_t> bytes(static_cast<size_t>(clips.video_bytes(pass)));
  Output output{seed, bytes.data()};
  clips.read(index, pass, {&output, 1});
  return bytes;
}

std::vector<std::string> some_videos() {
  std::vector<std::string> files;
  for (const char* name :
       {"videos/asl_again.mkv", "videos/nasa_13013.mp4", "videos/phone_rot90.mov", "videos/hevc_10bit.mp4",
        "derived/videos/milk_vp9_odd.webm", "derived/videos/walk_vfr.mp4", "derived/videos/yes_rot90.mp4",
        "derived/videos/help_interlaced_sar.mpg", "derived/videos/sorry_xvid.avi",
        "derived/videos/learn_open_gop_late_start.mp4", "derived/videos/one_frame.mp4", "derived/videos/want_gray.mp4"})
    files.push_back(media_folder() / name);
  return files;
}

int open_descriptors() {
  int n = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator("/proc/self/fd")) ++n;
  return n;
}

double mean_difference(const uint8_t* a, const uint8_t* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += std::abs(a[i] - b[i]);
  return sum / static_cast<double>(n);
}

}  // namespace

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_AUTO_TEST_CASE(bytes_depend_on_index_and_seed_alone) {
  Clips clips(small_options(some_videos()), inline_hooks());
  int64_t n = clips.length();
  std::vector<std::vector<uint8_t>> once;
  for (int64_t i = 0; i < 2 * n; ++i) once.push_back(read_one(clips, i % n, Pass::kTrain, static_cast<uint64_t>(i)));
  std::vector<std::vector<uint8_t>> again(once.size());
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (size_t i = t; i < again.size(); i += 8)
        again[again.size() - 1 - i] =
            read_one(clips, static_cast<int64_t>(again.size() - 1 - i) % n, Pass::kTrain, again.size() - 1 - i);
    });
  for (auto& thread : threads) thread.join();
  for (size_t i = 0; i < once.size(); ++i)
    BOOST_TEST((once[i] == again[i]), clips.item(static_cast<int64_t>(i) % n).name);
  BOOST_TEST((once[0] != once[static_cast<size_t>(n)]));
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_AUTO_TEST_CASE(augmentations_of_one_decode_equal_reads_of_their_own) {
  Clips clips(small_options(some_videos()), inline_hooks());
  for (int64_t i = 0; i < clips.length(); ++i) {
    auto size = static_cast<size_t>(clips.video_bytes(Pass::kTrain));
    std::vector<uint8_t> together(3 * size);
    Output outputs[3] = {{11, together.data()}, {12, together.data() + size}, {13, together.data() + 2 * size}};
    clips.read(i, Pass::kTrain, outputs);
    for (size_t k = 0; k < 3; ++k)
      BOOST_TEST(std::memcmp(read_one(clips, i, Pass::kTrain, 11 + k).data(), together.data() + k * size, size) == 0,
                 clips.item(i).name);
  }
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_AUTO_TEST_CASE(test_views_are_crops_major_and_clips_minor) {
  std::string file = media_folder() / "videos/nasa_13013.mp4";
  ClipsOptions o = small_options({file});
  o.sampling.clips = 2, o.crops = 3;
  Clips clips(o, inline_hooks());
  BOOST_TEST(clips.views(Pass::kTrain) == 1);
  BOOST_TEST(clips.views(Pass::kEval) == 6);
  auto bytes = read_one(clips, 0, Pass::kEval, 0);
  BOOST_TEST((bytes == read_one(clips, 0, Pass::kPredict, 99)));
  VideoIndex index = scan_video(file, ScanMode::kPackets);
  for (int64_t crop = 0; crop < 3; ++crop)
    for (int64_t clip = 0; clip < 2; ++clip) {
      auto frames = sample_test(o.sampling, index.frames(), 30, clip);
      Converter converter(test_crop(o.crop, 480, 270, crop, 3), 0, false, 48, 48);
      int64_t view = crop * 2 + clip, t = 0;
      decode_frames(file, index, frames, false, [&](int64_t, const AVFrame& frame) {
        std::vector<uint8_t> rgb(48 * 48 * 3);
        converter.convert(frame, rgb.data());
        BOOST_TEST(std::memcmp(rgb.data(), bytes.data() + (view * 4 + t++) * 48 * 48 * 3, rgb.size()) == 0,
                   "view " << view << ", frame " << t);
      });
    }
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_AUTO_TEST_CASE(crops_are_cut_resized_mirrored_and_turned_as_ffmpeg_does) {
  if (!has_ffmpeg()) {
    BOOST_TEST_MESSAGE("skipped: needs the ffmpeg program");
    return;
  }
  struct Row {
    const char *file, *filter;
    Rect rect;
    int rotation;
    bool mirror;
  };
  const Row rows[] = {
      {"videos/nasa_13013.mp4", "crop=200:160:100:40,scale=64:64:FLAGS", {100, 40, 200, 160}, 0, false},
      {"videos/nasa_13013.mp4", "crop=200:160:100:40,scale=64:64:FLAGS,hflip", {100, 40, 200, 160}, 0, true},
      {"derived/videos/milk_vp9_odd.webm",
       "crop=120:120:30:50:exact=1,scale=64:64:FLAGS",
       {31, 51, 120, 120},
       0,
       false},
      // 568 x 320, turned clockwise: 320 wide, 568 high. (20, 168) 200 x 300 lies at (168, 100) 300 x 200 before.
      {"videos/phone_rot90.mov",
       "crop=300:200:168:100,scale=64:64:FLAGS,transpose=clock",
       {20, 168, 200, 300},
       90,
       false},
      {"videos/phone_rot90.mov",
       "crop=300:200:168:100,scale=64:64:FLAGS,transpose=clock,hflip",
       {20, 168, 200, 300},
       90,
       true},
      {"videos/phone_rot180.mov", "crop=300:200:68:60,scale=64:64:FLAGS,hflip,vflip", {200, 60, 300, 200}, 180, false},
      {"videos/phone_rot270.mov",
       "crop=300:200:168:100,scale=64:64:FLAGS,transpose=cclock",
       {100, 100, 200, 300},
       270,
       false}};
  for (const Row& row : rows) BOOST_TEST_CONTEXT(row.file << " " << row.filter) {
      fs::path file = media_folder() / row.file;
      VideoIndex index = scan_video(file, ScanMode::kPackets);
      BOOST_TEST(index.rotation == row.rotation);
      std::string filter = row.filter;
      filter.replace(filter.find("FLAGS"), 5, "flags=bilinear+accurate_rnd+bitexact,format=rgb24");
      auto oracle = oracle_frames(file, index.stream, filter);
      BOOST_REQUIRE(!oracle.empty());
      Converter converter(row.rect, index.rotation, row.mirror, 64, 64);
      decode_frames(file, index, std::vector<int64_t>{0, 2}, false, [&](int64_t f, const AVFrame& frame) {
        std::vector<uint8_t> rgb(64 * 64 * 3);
        converter.convert(frame, rgb.data());
        BOOST_TEST(md5_of(rgb.data(), rgb.size()) == oracle[static_cast<size_t>(f)].md5);
      });
    }
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_AUTO_TEST_CASE(flips_happen_as_often_as_asked_and_shuffling_keeps_the_frames) {
  std::string file = media_folder() / "videos/asl_yes.mkv";
  ClipsOptions o = small_options({file});
  o.crop.kind = CropKind::kCenter, o.flip = 0;
  o.sampling = {SamplingRule::kVideomae, 16, 4, 1, 30};  // 65 frames: start 0 or 1
  Clips plain(o, inline_hooks());
  o.flip = 1;
  Clips mirrored(o, inline_hooks());
  o.flip = 0, o.shuffle_frames = true;
  Clips shuffled(o, inline_hooks());
  auto a = read_one(plain, 0, Pass::kTrain, 4), b = read_one(mirrored, 0, Pass::kTrain, 4),
       c = read_one(shuffled, 0, Pass::kTrain, 4);
  for (size_t y = 0; y < 48; ++y)
    for (size_t x = 0; x < 48; ++x)
      BOOST_TEST_REQUIRE(std::memcmp(&a[(y * 48 + x) * 3], &b[(y * 48 + 47 - x) * 3], 3) == 0);
  auto frames_of = [](const std::vector<uint8_t>& video) {
    std::vector<std::string> frames;
    for (size_t t = 0; t < 16; ++t) frames.push_back(md5_of(video.data() + t * 48 * 48 * 3, 48 * 48 * 3));
    return frames;
  };
  auto in_order = frames_of(a), mixed = frames_of(c);
  BOOST_TEST((in_order != mixed));
  BOOST_TEST((std::multiset<std::string>(in_order.begin(), in_order.end()) ==
              std::multiset<std::string>(mixed.begin(), mixed.end())));
  BOOST_TEST((frames_of(read_one(shuffled, 0, Pass::kTrain, 4)) == mixed));
  BOOST_TEST((frames_of(read_one(shuffled, 0, Pass::kEval, 5)) != frames_of(read_one(plain, 0, Pass::kEval, 5))));
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_AUTO_TEST_CASE(short_videos_fill_the_clip) {
  for (const char* name : {"derived/videos/one_frame.mp4", "derived/videos/seven_frames.mp4", "videos/phone_rot0.mov"})
    for (auto rule : {SamplingRule::kMmaction, SamplingRule::kUniform, SamplingRule::kVideomae,
                      SamplingRule::kVideomaeFinetune, SamplingRule::kSlowfast}) {
      ClipsOptions o = small_options({media_folder() / name});
      o.sampling = {rule, 16, 4, 2, 30};
      Clips clips(o, inline_hooks());
      for (Pass pass : {Pass::kTrain, Pass::kEval}) {
        auto bytes = read_one(clips, 0, pass, 3);
        for (size_t t = 0; t < 16; ++t)
          BOOST_TEST(mean_difference(bytes.data(), bytes.data() + t * 48 * 48 * 3, 48 * 48 * 3) < 60, name);
      }
    }
}

struct BrokenRow {
  const char *file, *cause;  // "" = readable, as far as ffmpeg reads it
  int64_t frames;            // of the decoded prefix, as ffmpeg counts them
};
std::ostream& operator<<(std::ostream& out, const BrokenRow& row) {
  return out << row.file;
}
const BrokenRow kBroken[] = {
    {"audio_only.mp4", "no video stream that a decoder exists for", 0},
    {"empty.mp4", "is empty (0 bytes)", 0},
    {"no_moov.mp4", "can't be opened: Invalid data found when processing input (moov atom not found)", 0},
    {"empty_video_track.mp4", "", 30},
    {"mdat_too_long.mp4", "", 30},
    {"truncated.mkv", "", 40},
    {"truncated_faststart.mp4", "", 52},
    {"corrupted_nal.mp4", "frame 31 is damaged", 49},
    {"bitflips.mkv", "is damaged: left block unavailable for requested intra4x4 mode -1", 87},
    {"not_found.jpg", "no picture size", 0},
    {"TensorFlow-LICENSE.txt", "is a text file", 0},
    {"truncated_photo.png", "no frame could be decoded: chunk too big", 0},
    {"corrupt34_2.jpg", "no picture size", 0},
};
BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_DATA_TEST_CASE(broken_files_give_their_name_and_cause_or_the_prefix_that_decodes,
                     boost::unit_test::data::make(kBroken)) {
  std::string path = media_folder() / "broken" / sample.file, good = media_folder() / "videos/asl_eat.mkv";
  ClipsOptions o = small_options({good, path});
  o.sampling = {SamplingRule::kUniform, 48, 1, 1, 30};  // reads all over the file
  Clips clips(o, inline_hooks());
  int before = open_descriptors();
  for (int round = 0; round < 3; ++round) {
    try {
      read_one(clips, 1, Pass::kEval, 0);
      BOOST_TEST(sample.cause == "", "no error");
    } catch (const SampleError& error) {
      BOOST_TEST(error.path == path);
      BOOST_TEST((*sample.cause && std::string(error.what()).find(sample.cause) != std::string::npos),
                 "got: " << error.what());
    }
  }
  BOOST_TEST(open_descriptors() == before);
  read_one(clips, 0, Pass::kEval, 0);
  if (sample.frames) BOOST_TEST(scan_video(path, ScanMode::kPackets).frames() == sample.frames);
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_AUTO_TEST_CASE(damaged_frames_are_used_on_request_as_ffmpeg_does) {
  for (const char* name : {"bitflips.mkv", "corrupted_nal.mp4"}) {
    fs::path file = media_folder() / "broken" / name;
    ClipsOptions o = small_options({file});
    o.sampling = {SamplingRule::kUniform, 48, 1, 1, 30};
    o.accept_damaged = true;
    Clips clips(o, inline_hooks());
    read_one(clips, 0, Pass::kEval, 0);
    if (has_ffmpeg())
      BOOST_TEST(scan_video(file, ScanMode::kDecode).frames() == static_cast<int64_t>(oracle_frames(file, 0).size()),
                 name);
  }
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_AUTO_TEST_CASE(any_bytes_at_all_give_an_error_or_frames) {
  std::string source = media_folder() / "videos/realshort.mp4";
  std::string bytes;
  {
    FILE* f = std::fopen(source.c_str(), "rb");
    bytes.resize(fs::file_size(source));
    BOOST_REQUIRE(std::fread(bytes.data(), 1, bytes.size(), f) == bytes.size());
    std::fclose(f);
  }
  TemporaryFolder folder;
  vh_random random = vh_random_from(1);
  int read = 0, refused = 0;
  for (int i = 0; i < 60; ++i) {
    std::string bad = bytes;
    if (i % 3 == 0) bad.resize(static_cast<size_t>(vh_random_below(&random, static_cast<int64_t>(bad.size()))));
    for (int k = 0; k < (i % 3) * 20; ++k)
      bad[static_cast<size_t>(vh_random_below(&random, static_cast<int64_t>(bad.size())))] =
          static_cast<char>(vh_random_u64(&random));
    ClipsOptions o = small_options({source, folder.write("bad.mp4", bad)});
    Clips clips(o, inline_hooks());
    try {
      read_one(clips, 1, Pass::kTrain, static_cast<uint64_t>(i));
      ++read;
    } catch (const SampleError&) {
      ++refused;
    }
  }
  BOOST_TEST(read + refused == 60);
  BOOST_TEST(refused > 10);
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_AUTO_TEST_CASE(a_file_that_changed_after_the_scan_is_an_error) {
  TemporaryFolder folder;
  fs::path file = folder.path / "a.mkv";
  fs::copy(media_folder() / "videos/asl_eat.mkv", file);
  Clips clips(small_options({file}), inline_hooks());
  fs::resize_file(file, 5000);
  BOOST_CHECK_EXCEPTION(read_one(clips, 0, Pass::kEval, 0), SampleError, [](const SampleError& e) {
    return std::string(e.what()).find("is shorter than when it was scanned") != std::string::npos;
  });
  fs::remove(file);
  BOOST_CHECK_EXCEPTION(read_one(clips, 0, Pass::kEval, 0), SampleError, [](const SampleError& e) {
    return std::string(e.what()) == "can't be opened: No such file or directory";
  });
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_AUTO_TEST_CASE(options_that_can_not_work_name_their_parameter) {
  TemporaryFolder folder;
  std::string good = media_folder() / "videos/asl_eat.mkv";
  std::string list = folder.write("list.txt", good + " 3\n"), empty = folder.write("empty.txt", "# nothing\n"),
              gone = folder.write("gone.txt", "a.mp4 0\nb.mp4 1\n");
  auto pointer_of = [&](auto change) {
    ClipsOptions o = small_options({});
    o.list = list;
    change(o);
    try {
      Clips clips(o, inline_hooks());
    } catch (const OptionError& error) {
      return error.pointer + ": " + error.what();
    }
    return std::string();
  };
  BOOST_TEST(pointer_of([](ClipsOptions&) {}) == "");
  BOOST_TEST(pointer_of([](ClipsOptions& o) { o.classes = 3; }) == "/classes: is 3, but " + list + " has the label 3");
  BOOST_TEST(pointer_of([&](ClipsOptions& o) { o.list = empty; }) == "/list: " + empty + " lists no clip");
  BOOST_TEST(pointer_of([](ClipsOptions& o) { o.list = ""; }).starts_with("/list: is missing"));
  BOOST_TEST(pointer_of([&](ClipsOptions& o) {
               o.list = gone;
             }).starts_with("/list: none of the 2 clips can be read; the last: "));
  BOOST_TEST(pointer_of([](ClipsOptions& o) { o.crop.area = {0.5, 0.2}; }).starts_with("/area: "));
  BOOST_TEST(
      pointer_of([](ClipsOptions& o) { o.crop.resize_short = 40; }).starts_with("/resize_short: is below size, 48"));
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_AUTO_TEST_CASE(files_for_prediction_keep_the_lists_classes) {
  TemporaryFolder folder;
  std::string good = media_folder() / "videos/asl_eat.mkv";
  ClipsOptions o = small_options({good});
  o.list = folder.write("list.txt", "nothing.mp4 6\n");
  o.class_names = folder.write("names.txt", "zero\none\n");
  Clips clips(o, inline_hooks());
  BOOST_TEST(clips.length() == 1);
  BOOST_TEST(clips.classes() == 7);
  BOOST_TEST(clips.item(0).label == -1);
  BOOST_REQUIRE(clips.class_name(1));
  BOOST_TEST(*clips.class_name(1) == "one");
  BOOST_TEST(!clips.class_name(2));
  BOOST_TEST(clips.fingerprint().starts_with("n=1 hash="));
}
