// Decoding against the ffmpeg program, on real and derived files.
#include <vhost/random.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>

#include "convert.h"
#include "decoder.h"
#include "media.h"

using namespace kinetics;
using namespace kinetics_test;
namespace fs = std::filesystem;

namespace {

struct NeedsMedia {
  boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const {
    boost::test_tools::assertion_result ready = !media_folder().empty() && has_ffmpeg();
    ready.message() << "skipped: needs the sample media (VHOST_MEDIA) and the ffmpeg program";
    return ready;
  }
};

std::string planes_md5(const AVFrame& frame) {
  auto format = static_cast<AVPixelFormat>(frame.format);
  std::vector<uint8_t> packed(static_cast<size_t>(av_image_get_buffer_size(format, frame.width, frame.height, 1)));
  av_image_copy_to_buffer(packed.data(), static_cast<int>(packed.size()), frame.data, frame.linesize, format,
                          frame.width, frame.height, 1);
  return md5_of(packed.data(), packed.size());
}

// Sets of frames as sampling would ask for them: one, regular, clustered, all.
std::vector<std::vector<int64_t>> frame_sets(int64_t n) {
  std::set<std::vector<int64_t>> sets = {{0}, {n - 1}, {n / 2}, {n / 3}};
  vh_random random = vh_random_from(static_cast<uint64_t>(n));
  for (int64_t stride : {1, 4, 7, 30}) {
    std::vector<int64_t> set;
    for (int64_t f = vh_random_below(&random, n); f < n && set.size() < 16; f += stride) set.push_back(f);
    sets.insert(set);
  }
  std::set<int64_t> scattered;
  for (int i = 0; i < 8; ++i) scattered.insert(vh_random_below(&random, n));
  sets.insert({scattered.begin(), scattered.end()});
  if (n <= 70) {
    std::vector<int64_t> all;
    for (int64_t f = 0; f < n; ++f) all.push_back(f);
    sets.insert(all);
  }
  return {sets.begin(), sets.end()};
}

// libswscale's name of our flags, for the ffmpeg program.
constexpr const char* kOracleScale = "scale=flags=bilinear+accurate_rnd+bitexact,format=rgb24";

std::vector<uint8_t> whole_picture(const AVFrame& frame, int rotation) {
  bool sideways = rotation == 90 || rotation == 270;
  int width = sideways ? frame.height : frame.width, height = sideways ? frame.width : frame.height;
  std::vector<uint8_t> rgb(static_cast<size_t>(width) * static_cast<size_t>(height) * 3);
  Converter({0, 0, width, height}, rotation, /*mirror=*/false, width, height).convert(frame, rgb.data());
  return rgb;
}

// Some frames as rgb24 one after another. turned: by ffmpeg itself, which turns before it converts; else after, by
// `rotation`.
std::string oracle_rgb(const fs::path& file, int stream, const std::vector<int64_t>& frames, bool turned,
                       int rotation) {
  std::string select, turn = rotation == 90    ? ",transpose=clock"
                             : rotation == 180 ? ",hflip,vflip"
                             : rotation == 270 ? ",transpose=cclock"
                                               : "";
  for (int64_t f : frames) select += (select.empty() ? "eq(n\\," : "+eq(n\\,") + std::to_string(f) + ")";
  return output_of("ffmpeg -v quiet -nostdin " + std::string(turned ? "" : "-noautorotate ") + "-i '" + file.string() +
                   "' -map 0:" + std::to_string(stream) + " -vf '" + kOracleScale + ",select=" + select +
                   (turned ? "" : turn) + "' -vsync passthrough -frames:v " + std::to_string(frames.size()) +
                   " -f rawvideo -");
}

struct Difference {
  int worst = 0;
  double mean = 0;
};
Difference difference(const std::vector<uint8_t>& ours, const std::string& oracle, size_t at) {
  Difference d;
  for (size_t i = 0; i < ours.size(); ++i) {
    int one = std::abs(ours[i] - static_cast<uint8_t>(oracle[at + i]));
    d.worst = std::max(d.worst, one);
    d.mean += one;
  }
  d.mean /= static_cast<double>(ours.size());
  return d;
}

std::vector<int64_t> three_frames(int64_t n) {
  n = std::min<int64_t>(n, 60);
  std::set<int64_t> frames = {0, n / 2, n - 1};
  return {frames.begin(), frames.end()};
}

}  // namespace

namespace {

// Compares sparse sets of frames with ffmpeg's decode of them all; the number compared.
int compare_with_ffmpeg(const fs::path& file) {
  VideoIndex index = scan_video(file.string(), ScanMode::kPackets);
  BOOST_REQUIRE_EQUAL(index.error, "");
  auto oracle = oracle_frames(file, index.stream);
  BOOST_REQUIRE_EQUAL(index.frames(), static_cast<int64_t>(oracle.size()));
  for (int64_t f = 0; f < index.frames(); ++f)
    if (double seconds = index.seconds(f), wanted = oracle[static_cast<size_t>(f)].seconds; seconds >= 0)
      BOOST_TEST_REQUIRE(std::abs(seconds - wanted) < 1.5e-3,
                         "frame " << f << " is shown at " << seconds << " s, by ffmpeg at " << wanted);
  int compared = 0;
  for (const auto& set : frame_sets(index.frames())) {
    size_t next = 0;
    auto compare = [&](int64_t f, const AVFrame& frame) {
      BOOST_REQUIRE_LT(next, set.size());
      BOOST_REQUIRE_EQUAL(f, set[next++]);
      BOOST_TEST(planes_md5(frame) == oracle[static_cast<size_t>(f)].md5,
                 "frame " << f << " of a set of " << set.size() << " from " << set[0] << " differs");
      ++compared;
    };
    BOOST_REQUIRE_NO_THROW(decode_frames(file.string(), index, set, /*accept_damaged=*/false, compare));
    BOOST_TEST(next == set.size());
  }
  int64_t starts = 0, droppable = 0;
  for (const auto& packet : index.packets)
    starts += (packet.flags & kStart) != 0, droppable += (packet.flags & kDroppable) != 0;
  BOOST_TEST_MESSAGE(file.filename().string()
                     << ": " << index.frames() << " frames, " << starts << " starts, " << droppable << " droppable"
                     << (index.direct ? "" : ", demuxed") << (index.sequential ? ", sequential" : ""));
  return compared;
}

}  // namespace

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_AUTO_TEST_CASE(every_readable_file_decodes_to_what_ffmpeg_decodes) {
  int files = 0, compared = 0;
  for (const fs::path& file : readable_videos()) {
    BOOST_TEST_CONTEXT(file.filename().string()) {
      compared += compare_with_ffmpeg(file);
    }
    ++files;
  }
  BOOST_TEST_MESSAGE(compared << " frames of " << files << " files equal ffmpeg's");
  BOOST_TEST(files >= 50);
}

struct EncodingRow {
  const char *name, *options;
};
std::ostream& operator<<(std::ostream& out, const EncodingRow& row) {
  return out << row.name;
}
// What encoders and containers do that makes seeking and skipping hard. 90 frames of 160 x 120.
const EncodingRow kEncodings[] = {
    {"closed.mp4", "-c:v libx264 -g 12 -bf 3"},
    {"open.mp4", "-c:v libx264 -x264-params keyint=15:open-gop=1:bframes=3:b-pyramid=normal"},
    {"open_strict.mkv", "-c:v libx264 -x264-params keyint=15:open-gop=1:bframes=5:b-pyramid=strict:ref=4"},
    {"no_pyramid.mp4", "-c:v libx264 -x264-params keyint=30:bframes=3:b-pyramid=none:weightp=2"},
    {"intra_refresh.mp4", "-c:v libx264 -x264-params keyint=20:intra-refresh=1:bframes=0"},
    {"mbaff.mp4", "-c:v libx264 -flags +ildct+ilme -x264-params keyint=15:tff=1:bframes=2"},
    {"h264.ts", "-c:v libx264 -g 15 -bf 2"},
    {"h264.avi", "-c:v libx264 -g 15 -bf 0"},
    {"h264.flv", "-c:v libx264 -g 15 -bf 2"},
    {"edit_list.mp4", "-ss 0.5 -c:v libx264 -g 15 -bf 2"},
    {"fragmented.mp4", "-c:v libx264 -g 15 -bf 2 -movflags frag_keyframe+empty_moov"},
    {"full_range_444.mkv", "-pix_fmt yuvj444p -c:v libx264 -g 15"},
    {"hevc.mp4", "-c:v libx265 -x265-params log-level=none:keyint=20:open-gop=1:bframes=4:b-pyramid=1"},
    {"hevc_layers.mkv", "-c:v libx265 -x265-params log-level=none:keyint=20:temporal-layers=1:bframes=3"},
    {"hevc.ts", "-c:v libx265 -x265-params log-level=none:keyint=15:bframes=2"},
    {"mpeg2.mpg", "-c:v mpeg2video -g 12 -bf 2 -q:v 4"},
    {"mpeg2.ts", "-c:v mpeg2video -g 12 -bf 2 -q:v 4 -flags +cgop -sc_threshold 1000000000"},
    {"mpeg1.mpg", "-c:v mpeg1video -g 12 -bf 2 -q:v 4"},
    {"mpeg4.mp4", "-c:v mpeg4 -g 12 -bf 2 -q:v 4"},
    {"mpeg4.avi", "-c:v mpeg4 -g 12 -bf 2 -q:v 4"},
    {"xvid.avi", "-c:v libxvid -g 12 -bf 2 -q:v 4"},
    {"vp8.webm", "-c:v libvpx -g 20 -auto-alt-ref 1 -lag-in-frames 16 -b:v 300k"},
    {"vp9.webm", "-c:v libvpx-vp9 -g 20 -auto-alt-ref 1 -lag-in-frames 16 -b:v 200k -cpu-used 8"},
    {"vp9.mp4", "-c:v libvpx-vp9 -g 20 -b:v 200k -cpu-used 8"},
    {"av1.mp4", "-c:v libsvtav1 -g 20 -preset 12"},
    {"mjpeg.avi", "-c:v mjpeg -q:v 4"},
    {"ffv1.mkv", "-c:v ffv1 -g 1"},
    {"h263.3gp", "-s 176x144 -c:v h263 -g 12"},
    {"wmv2.wmv", "-c:v wmv2 -g 12"},
    {"gif.gif", "-r 25"},
};

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_DATA_TEST_CASE(encodings_that_make_seeking_hard_are_exact, boost::unit_test::data::make(kEncodings)) {
  TemporaryFolder folder;
  fs::path file = folder.path / sample.name, source = media_folder() / "videos/juggling_soccer_ball.mp4";
  int status = 0;
  output_of("SVT_LOG=0 ffmpeg -v quiet -nostdin -y -i '" + source.string() + "' -an -frames:v 90 -vf scale=160:120 " +
                sample.options + " '" + file.string() + "'",
            &status);
  if (status != 0) {
    BOOST_TEST_MESSAGE("skipped: this ffmpeg can't encode " << sample.name);
    return;
  }
  BOOST_TEST(compare_with_ffmpeg(file) > 20);
}

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_AUTO_TEST_CASE(pictures_are_what_ffmpeg_converts_and_turns) {
  int turned = 0;
  for (const fs::path& file : readable_videos()) {
    BOOST_TEST_CONTEXT(file.filename().string()) {
      VideoIndex index = scan_video(file.string(), ScanMode::kPackets);
      auto frames = three_frames(index.frames());
      std::string oracle = oracle_rgb(file, index.stream, frames, /*turned=*/false, index.rotation);
      std::string upright = index.rotation ? oracle_rgb(file, index.stream, frames, /*turned=*/true, 0) : oracle;
      size_t at = 0;
      decode_frames(file.string(), index, frames, false, [&](int64_t f, const AVFrame& frame) {
        auto rgb = whole_picture(frame, index.rotation);
        BOOST_REQUIRE_LE(at + rgb.size(), std::min(oracle.size(), upright.size()));
        BOOST_TEST(difference(rgb, oracle, at).worst == 0, "frame " << f << " differs");
        BOOST_TEST(difference(rgb, upright, at).mean < 1.5,
                   "frame " << f << " is turned otherwise than ffmpeg turns it");
        at += rgb.size();
      });
      BOOST_TEST(at == oracle.size());
      turned += index.rotation != 0;
    }
  }
  BOOST_TEST(turned >= 5);
}
