// Decoding against the ffmpeg program, on real and derived files.
#define BOOST_TEST_DYN_LINK
#include <vhost/random.h>

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
  av_image_copy_to_buffer(packed.data(), static_cast<int>(packed.size()), frame.data, frame.linesize, format, frame.width, frame.height, 1);
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

}  // namespace

BOOST_TEST_DECORATOR(*boost::unit_test::precondition(NeedsMedia()))
BOOST_AUTO_TEST_CASE(every_readable_file_decodes_to_what_ffmpeg_decodes) {
  int files = 0, compared = 0;
  for (const fs::path& file : readable_videos()) {
    BOOST_TEST_CONTEXT(file.filename().string()) {
      VideoIndex index = scan_video(file.string(), ScanMode::kPackets);
      BOOST_REQUIRE_EQUAL(index.error, "");
      auto oracle = oracle_frames(file, index.stream);
      BOOST_REQUIRE_EQUAL(index.frames(), static_cast<int64_t>(oracle.size()));
      for (int64_t f = 0; f < index.frames(); ++f)
        if (double seconds = index.seconds(f); seconds >= 0)
          BOOST_TEST_REQUIRE(std::abs(seconds - oracle[static_cast<size_t>(f)].seconds) < 1.5e-3, "frame " << f << " is shown at " << seconds << " s, ffmpeg: " << oracle[static_cast<size_t>(f)].seconds);
      for (const auto& set : frame_sets(index.frames())) {
        size_t next = 0;
        decode_frames(file.string(), index, set, /*accept_damaged=*/false, [&](int64_t f, const AVFrame& frame) {
          BOOST_REQUIRE_LT(next, set.size());
          BOOST_REQUIRE_EQUAL(f, set[next++]);
          BOOST_TEST(planes_md5(frame) == oracle[static_cast<size_t>(f)].md5, "frame " << f << " of a set of " << set.size() << " from " << set[0] << " differs");
          ++compared;
        });
        BOOST_TEST(next == set.size());
      }
      ++files;
      BOOST_TEST_MESSAGE(file.filename().string() << ": " << index.frames() << " frames" << (index.direct ? ", direct" : ", demuxed") << (index.sequential ? ", sequential" : ""));
    }
  }
  BOOST_TEST_MESSAGE(compared << " frames of " << files << " files equal ffmpeg's");
  BOOST_TEST(files >= 50);
}
