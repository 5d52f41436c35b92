// The scan of files and its cache, and the generator of motion clips.
#include <vhost/random.h>

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fstream>

#include "decoder.h"
#include "media.h"
#include "motion_texture.h"
#include "scan_cache.h"
#include "video_writer.h"

using namespace kinetics;
using namespace kinetics_test;

namespace {

using Indices = std::vector<int64_t>;

void write_motion_clip(const std::string& path, size_t label, uint64_t seed, const WriterOptions& writer_options = {},
                       int frames = 32) {
  av_log_set_level(AV_LOG_ERROR);
  MotionClip clip({writer_options.width, frames, 1}, motion_classes()[label], seed);
  VideoWriter writer(path, writer_options);
  for (int t = 0; t < frames; ++t) {
    AVFrame& f = writer.frame();
    clip.draw(t, f.data[0], f.linesize[0], f.data[1], f.data[2], f.linesize[1]);
    writer.write();
  }
  writer.finish();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scanning)

BOOST_AUTO_TEST_CASE(an_index_survives_packing) {
  TemporaryFolder folder;
  std::string path = folder.path / "a.mp4";
  write_motion_clip(path, 0, 1);
  VideoIndex a = scan_video(path, ScanMode::kPackets);
  a.missing = 7;
  BOOST_REQUIRE_EQUAL(a.error, "");
  std::string bytes = pack_index(a);
  VideoIndex b = unpack_index(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  BOOST_TEST((a.codec == b.codec && a.pts == b.pts && a.packet_of == b.packet_of && a.start_prefix == b.start_prefix &&
              a.missing == b.missing));
  BOOST_TEST(
      (a.direct == b.direct && a.frames_per_second == b.frames_per_second && a.packets.size() == b.packets.size()));
  for (size_t i = 0; i < a.packets.size(); ++i)
    BOOST_TEST((a.packets[i].position == b.packets[i].position && a.packets[i].size == b.packets[i].size &&
                a.packets[i].rank == b.packets[i].rank && a.packets[i].flags == b.packets[i].flags));
  BOOST_TEST(bytes.size() < 1200u, "32 frames take " << bytes.size() << " bytes");
}

BOOST_AUTO_TEST_CASE(what_a_cut_file_lacks_is_counted) {
  TemporaryFolder folder;
  for (const char* name : {"a.mkv", "a.avi", "a.flv", "a.ts"}) {
    std::string path = folder.path / name;
    write_motion_clip(path, 0, 1, {}, 96);
    BOOST_TEST(scan_video(path, ScanMode::kPackets).missing == 0, name);
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    for (ScanMode mode : {ScanMode::kPackets, ScanMode::kDecode}) {
      VideoIndex index = scan_video(path, mode);
      BOOST_TEST(index.error.empty(), name << ": " << index.error);
      BOOST_TEST(index.frames() < 80, name);
      const int64_t stated = std::string(name) == "a.ts" ? index.frames() : 96;  // MPEG-TS states nothing
      BOOST_TEST(std::abs(index.frames() + index.missing - stated) <= 2,         // by durations, of the torn frame too
                 name << ": " << index.frames() << " and " << index.missing);
    }
  }
}

BOOST_AUTO_TEST_CASE(malformed_bytes_are_refused) {
  TemporaryFolder folder;
  std::string path = folder.path / "a.mp4";
  write_motion_clip(path, 0, 1);
  std::string bytes = pack_index(scan_video(path, ScanMode::kPackets));
  vh_random random = vh_random_from(9);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string bad = bytes;
    if (i % 2)
      bad.resize(static_cast<size_t>(vh_random_below(&random, static_cast<int64_t>(bad.size()))));
    else
      bad[static_cast<size_t>(vh_random_below(&random, static_cast<int64_t>(bad.size())))] =
          static_cast<char>(vh_random_u64(&random));
    try {
      unpack_index(reinterpret_cast<const uint8_t*>(bad.data()), bad.size());
    } catch (const std::exception&) {
      ++refused;
    }
  }
  BOOST_TEST(refused > 1400);
}

struct CacheFixture {
  TemporaryFolder folder;
  std::vector<std::string> paths;
  std::vector<std::string> notes;
  Hooks hooks = inline_hooks();
  CacheFixture() {
    for (int i = 0; i < 3; ++i) {
      paths.push_back(folder.path / ("clip" + std::to_string(i) + ".mp4"));
      write_motion_clip(paths.back(), static_cast<size_t>(i), 7, {}, 8 + i);
    }
    hooks.note = [this](const std::string& note) { notes.push_back(note); };
  }
  std::string cache() const { return folder.path / "cache"; }
  std::filesystem::path cache_file() const {
    for (const auto& entry : std::filesystem::directory_iterator(cache()))
      if (entry.path().extension() != ".lock") return entry.path();
    return {};
  }
  int64_t scan() { return ScanCache(paths, cache(), ScanMode::kPackets, hooks).scanned(); }
};

BOOST_FIXTURE_TEST_CASE(a_second_run_scans_nothing_and_changed_files_again, CacheFixture) {
  BOOST_TEST(scan() == 3);
  BOOST_TEST(scan() == 0);
  write_motion_clip(paths[1], 1, 8, {}, 20);
  BOOST_TEST(scan() == 1);
  ScanCache cache_now(paths, cache(), ScanMode::kPackets, hooks);
  BOOST_TEST(cache_now.index(0).frames() == 8);
  BOOST_TEST(cache_now.index(1).frames() == 20);
  BOOST_TEST(notes.empty());
}

BOOST_FIXTURE_TEST_CASE(a_damaged_cache_is_rebuilt_with_a_note, CacheFixture) {
  scan();
  auto file = cache_file();
  auto size = std::filesystem::file_size(file);
  int rebuilt = 0;
  for (uint64_t at : {uint64_t(3), uint64_t(40), size / 2, size - 1}) {
    std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
    f.seekg(static_cast<std::streamoff>(at));
    char byte = static_cast<char>(f.get() ^ 0x55);
    f.seekp(static_cast<std::streamoff>(at));
    f.put(byte);
    f.close();
    rebuilt += scan() == 3;
  }
  BOOST_TEST(rebuilt == 4);
  std::filesystem::resize_file(file, size / 2);
  BOOST_TEST(scan() == 3);
  BOOST_TEST(scan() == 0);
  BOOST_REQUIRE(!notes.empty());
  BOOST_TEST(notes[0].find("is damaged and will be rebuilt") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(without_a_writable_folder_the_scan_stays_in_memory, CacheFixture) {
  std::string nowhere = folder.path / "clip0.mp4" / "cache";
  ScanCache kept(paths, nowhere, ScanMode::kPackets, hooks);
  BOOST_TEST(kept.index(2).frames() == 10);
  BOOST_REQUIRE(!notes.empty());
  BOOST_TEST(notes[0].find("the scan is not kept: ") == 0u);
}

BOOST_FIXTURE_TEST_CASE(unreadable_files_are_recorded_with_the_reason, CacheFixture) {
  paths.push_back(folder.path / "missing.mp4");
  paths.push_back(folder.write("empty.mp4", ""));
  paths.push_back(folder.write("text.mp4", "These are words, not frames. These are words, not frames.\n"));
  paths.push_back(folder.path.string());
  ScanCache scanned(paths, cache(), ScanMode::kPackets, hooks);
  BOOST_TEST(scanned.index(0).error == "");
  BOOST_TEST(scanned.index(3).error == "can't be opened: No such file or directory");
  BOOST_TEST(scanned.index(4).error == "is empty (0 bytes)");
  BOOST_TEST(scanned.index(5).error != "");
  BOOST_TEST(scanned.index(6).error == "is not a regular file");
}

BOOST_FIXTURE_TEST_CASE(cancelling_stops_the_scan, CacheFixture) {
  hooks.cancelled = [] { return true; };
  BOOST_CHECK_THROW(scan(), Cancelled);
}

BOOST_AUTO_TEST_CASE(skipped_packets_and_jumps_are_as_few_as_possible) {
  TemporaryFolder folder;
  std::string path = folder.path / "a.mp4";
  WriterOptions options;
  options.gop = 30, options.x264 = "b-pyramid=0";  // IBBPBBP..
  write_motion_clip(path, 0, 1, options, 90);
  VideoIndex index = scan_video(path, ScanMode::kPackets);
  if (index.codec.codec_id != AV_CODEC_ID_H264) return;
  int64_t starts = 0, droppable = 0;
  for (const auto& packet : index.packets)
    starts += (packet.flags & kStart) != 0, droppable += (packet.flags & kDroppable) != 0;
  BOOST_TEST(starts == 3);
  BOOST_TEST(droppable > 50);
  DecodeStatistics statistics;
  auto nothing = [](int64_t, const AVFrame&) {};
  decode_frames(path, index, Indices{60}, false, nothing, &statistics);
  BOOST_TEST(statistics.packets == 1);
  decode_frames(path, index, Indices{6}, false, nothing, &statistics);
  BOOST_TEST(statistics.packets == 3);
  decode_frames(path, index, Indices{3, 63}, false, nothing, &statistics);
  BOOST_TEST(statistics.packets == 4);
  BOOST_TEST(statistics.starts == 2);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(motion_clips)

BOOST_AUTO_TEST_CASE(the_same_seed_makes_the_same_bytes) {
  TemporaryFolder folder;
  auto bytes_of = [&](const char* name, uint64_t seed) {
    std::string path = folder.path / name;
    write_motion_clip(path, 4, seed);
    std::ifstream in(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  std::string a = bytes_of("a.mp4", 5);
  BOOST_TEST((a == bytes_of("b.mp4", 5)));
  BOOST_TEST((a != bytes_of("c.mp4", 6)));
}

// Simple statistics of single frames over many clips: their means must
// agree between classes, early and late in the clip.
BOOST_AUTO_TEST_CASE(a_single_frame_says_nothing) {
  constexpr int kClips = 1500, kSize = 32;
  std::vector<uint8_t> y(kSize * kSize), u(kSize * kSize / 4), v(kSize * kSize / 4);
  for (int frame : {0, 20}) {
    std::vector<std::array<double, 4>> means;
    for (const auto& motion : motion_classes()) {
      std::array<double, 4> sum{};
      for (uint64_t seed = 0; seed < kClips; ++seed) {
        MotionClip clip({kSize, 32, 1}, motion, vh_hash2(seed, vh_hash_text(motion.name)));
        clip.draw(frame, y.data(), kSize, u.data(), v.data(), kSize / 2);
        double mean = 0, across = 0, down = 0, tint = 0;
        for (int i = 0; i < kSize * kSize; ++i) mean += y[static_cast<size_t>(i)];
        for (int r = 0; r < kSize; ++r)
          for (int c = 1; c < kSize; ++c) {
            across += std::abs(y[static_cast<size_t>(r * kSize + c)] - y[static_cast<size_t>(r * kSize + c - 1)]);
            down += std::abs(y[static_cast<size_t>(c * kSize + r)] - y[static_cast<size_t>((c - 1) * kSize + r)]);
          }
        for (uint8_t x : u) tint += x;
        sum[0] += mean / (kSize * kSize), sum[1] += across / (kSize * kSize), sum[2] += down / (kSize * kSize),
            sum[3] += tint * 4 / (kSize * kSize);
      }
      for (auto& s : sum) s /= kClips;
      means.push_back(sum);
    }
    double tolerance[4] = {4, 1.2, 1.2, 4};
    for (size_t k = 0; k < 4; ++k)
      for (const auto& m : means)
        BOOST_TEST(std::abs(m[k] - means[0][k]) < tolerance[k],
                   "frame " << frame << ", statistic " << k << ": " << m[k] << " and " << means[0][k]);
  }
}

BOOST_AUTO_TEST_CASE(order_classes_show_the_same_pictures_in_other_orders) {
  constexpr int kSize = 32;
  for (int start : {0, 1, 5}) {
    std::vector<std::vector<std::string>> orders;
    for (const auto& motion : motion_classes()) {
      if (!motion.hue_step) continue;
      MotionClip clip({kSize, 32, 1}, motion, 11);
      std::vector<std::string> pictures;
      for (int k = 0; k < 8; ++k) {
        std::string planes(kSize * kSize * 3 / 2, 0);
        auto* y = reinterpret_cast<uint8_t*>(planes.data());
        clip.draw(start + 2 * k, y, kSize, y + kSize * kSize, y + kSize * kSize * 5 / 4, kSize / 2);
        pictures.push_back(std::move(planes));
      }
      orders.push_back(std::move(pictures));
    }
    BOOST_REQUIRE(orders.size() == 4u);
    BOOST_TEST((orders[0] != orders[1] && orders[1] != orders[2] && orders[2] != orders[3]));
    for (auto& pictures : orders) {
      std::sort(pictures.begin(), pictures.end());
      BOOST_TEST((pictures == orders[0]));
    }
  }
}

BOOST_AUTO_TEST_CASE(left_moves_left) {
  constexpr int kSize = 64;
  std::vector<uint8_t> a(kSize * kSize), b(kSize * kSize), c(kSize * kSize);
  auto shifted_error = [&](int dx, int dy) {
    double sum = 0;
    for (int r = 8; r < kSize - 8; ++r)
      for (int k = 8; k < kSize - 8; ++k)
        sum += std::abs(b[static_cast<size_t>(r * kSize + k)] - a[static_cast<size_t>((r - dy) * kSize + k - dx)]);
    return sum;
  };
  struct Row {
    size_t label;
    int dx, dy;
  };
  for (Row row : {Row{0, -3, 0}, Row{1, 3, 0}, Row{2, 0, -3}, Row{3, 0, 3}}) {
    MotionClip clip({kSize, 8, 1}, motion_classes()[row.label], 3);
    clip.draw(0, a.data(), kSize, c.data(), c.data(), kSize);
    clip.draw(1, b.data(), kSize, c.data(), c.data(), kSize);
    BOOST_TEST(shifted_error(row.dx, row.dy) < 0.5 * shifted_error(-row.dx, -row.dy), motion_classes()[row.label].name);
  }
}

BOOST_AUTO_TEST_SUITE_END()
