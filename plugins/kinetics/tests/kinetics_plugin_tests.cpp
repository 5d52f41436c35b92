// The plugin through its C table, as a host sees it.
#include <dlfcn.h>

#include <boost/test/unit_test.hpp>
#include <set>
#include <string>
#include <vector>

#include "clips.h"
#include "dataset_host.h"
#include "media.h"
#include "motion_texture.h"
#include "video_writer.h"

using namespace kinetics_test;
using namespace dataset_host;

namespace {

struct Fixture {
  TemporaryFolder folder;
  const vh_dataset_1* table = nullptr;
  vh_error error{};
  vh_node params;
  std::string cache;
  vh_build build{};

  Fixture() {
    void* library = ::dlopen(KINETICS_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    BOOST_REQUIRE_MESSAGE(library, ::dlerror());
    const auto* entry = static_cast<const vh_plugin_entry*>(::dlsym(library, "vh_plugin_entry_v1"));
    BOOST_REQUIRE(entry && entry->magic == VH_PLUGIN_MAGIC);
    BOOST_REQUIRE(entry->init(&kHost, &error) == VH_OK);
    BOOST_TEST(!entry->get(VH_DATASET_1, "nothing"));
    BOOST_TEST(!entry->get(VH_LOSS_1, "clips"));
    table = static_cast<const vh_dataset_1*>(entry->get(VH_DATASET_1, "clips"));
    BOOST_REQUIRE(table);
    av_log_set_level(AV_LOG_ERROR);
    for (size_t label = 0; label < 2; ++label) {
      kinetics::VideoWriter writer(folder.path / ("clip" + std::to_string(label) + ".mp4"), {});
      kinetics::MotionClip clip({64, 20, 1}, kinetics::motion_classes()[label], label);
      for (int t = 0; t < 20; ++t) {
        AVFrame& f = writer.frame();
        clip.draw(t, f.data[0], f.linesize[0], f.data[1], f.data[2], f.linesize[1]);
        writer.write();
      }
      writer.finish();
    }
    cache = folder.path / "cache";
    params.values = {{"list", folder.write("list.txt", "clip0.mp4 0\nclip1 1\nmissing.mp4 1\n").string()},
                     {"frames", int64_t(4)},
                     {"size", int64_t(32)},
                     {"clips", int64_t(2)}};
    error.struct_size = sizeof error;
    build.struct_size = sizeof build, build.host = &kHost, build.params = &params, build.cache_dir = cache.c_str();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(the_table_serves_a_host, Fixture) {
  void* self = nullptr;
  BOOST_REQUIRE_MESSAGE(table->create(&build, &self, &error) == VH_OK, error.message);
  int64_t n = 0;
  BOOST_TEST(table->length(self, &n, &error) == VH_OK);
  BOOST_TEST(n == 3);
  Specs train, eval;
  BOOST_TEST(table->fields(self, VH_PASS_TRAIN, &train.sink, &error) == VH_OK);
  BOOST_TEST(table->fields(self, VH_PASS_EVAL, &eval.sink, &error) == VH_OK);
  BOOST_REQUIRE(train.items.size() == 8u);
  for (size_t i = 2; i < 8; ++i) BOOST_TEST((train.items[i].first.starts_with("file.")));
  BOOST_TEST(train.items[0].first == "video");
  BOOST_TEST(train.items[1].first == "label");
  BOOST_TEST((train.items[0].second.dtype == VH_U8 && train.items[0].second.rank == 5));
  BOOST_TEST(
      (train.items[1].second.dtype == VH_I64 && train.items[1].second.rank == 0 && train.items[1].second.classes == 2));
  int64_t wanted[5] = {1, 4, 32, 32, 3};
  for (int i = 0; i < 5; ++i) BOOST_TEST(train.items[0].second.dim[i] == wanted[i]);
  BOOST_TEST(eval.items[0].second.dim[0] == 2);

  std::vector<uint8_t> video(4 * 32 * 32 * 3);
  int64_t label = 7, bytes[8] = {int64_t(video.size()), 8, 8, 8, 8, 8, 8, 8};
  double width = 0, height = 0, frames = 0, missing = 9, seconds = 0, rate = 0;
  void* data[8] = {video.data(), &label, &width, &height, &frames, &missing, &seconds, &rate};
  vh_slot slot = {sizeof(vh_slot), 8, data, bytes, nullptr};
  vh_slot* slots[1] = {&slot};
  uint64_t seed = 1;
  vh_read read = {sizeof(vh_read), VH_PASS_TRAIN, 1, 1, 0, &seed, slots};
  BOOST_TEST(table->read(self, &read, &error) == VH_OK, error.message);
  BOOST_TEST(label == 1);
  BOOST_TEST((width == 64 && height == 64 && frames == 20 && missing == 0 && rate == 25));
  BOOST_TEST(seconds == 0.8, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(std::any_of(video.begin(), video.end(), [](uint8_t x) { return x != 0; }));

  read.index = 2;
  BOOST_TEST(table->read(self, &read, &error) == VH_ERR_DATA);
  BOOST_TEST(std::string(error.where) == (folder.path / "missing.mp4").string());
  BOOST_TEST(std::string(error.message) == "can't be opened: No such file or directory");
  read.index = 3;
  BOOST_TEST(table->read(self, &read, &error) == VH_ERR_ARGUMENT);
  read.index = 0, bytes[0] = 5;
  BOOST_TEST(table->read(self, &read, &error) == VH_ERR_ARGUMENT);

  Text name, print;
  BOOST_TEST(table->name(self, 1, &name.sink, &error) == VH_OK);
  BOOST_TEST(name.text == (folder.path / "clip1.mp4").string());
  BOOST_TEST(table->fingerprint(self, &print.sink, &error) == VH_OK);
  BOOST_TEST(print.text.starts_with("n=3 hash="));
  table->destroy(self);
}

BOOST_FIXTURE_TEST_CASE(repeats_share_frames_on_request, Fixture) {
  kinetics::ClipsOptions o;
  o.files = {folder.path / "clip0.mp4"};
  o.sampling = {kinetics::SamplingRule::kUniform, 4, 1, 1, 30};
  o.crop = {.kind = vh::media::CropKind::kCenter, .size = 32};
  auto distinct = [&](bool sample_once, double flip) {
    o.sample_once = sample_once, o.flip = flip;
    kinetics::Clips clips(o, kinetics::inline_hooks());
    std::vector<std::vector<uint8_t>> pixels(8, std::vector<uint8_t>(4 * 32 * 32 * 3));
    std::vector<vh::media::Output> outputs;
    for (size_t k = 0; k < pixels.size(); ++k) outputs.push_back({100 + k, pixels[k].data()});
    clips.read(0, vh::media::Pass::kTrain, outputs);
    std::set<std::string> seen;
    for (const auto& one : pixels) seen.insert(md5_of(one.data(), one.size()));
    return seen.size();
  };
  BOOST_TEST(distinct(false, 0) == 8u);
  BOOST_TEST(distinct(true, 0) == 1u);
  BOOST_TEST(distinct(true, 0.5) == 2u, "each is mirrored by itself");
}

BOOST_FIXTURE_TEST_CASE(bad_parameters_come_back_with_their_pointer, Fixture) {
  void* self = nullptr;
  params.values["classes"] = int64_t(1);
  BOOST_TEST(table->create(&build, &self, &error) == VH_ERR_PARAM);
  BOOST_TEST(std::string(error.json_pointer) == "/classes");
  params.values.erase("classes");
  params.values["class_names"] = std::string("/nowhere/names.txt");
  BOOST_TEST(table->create(&build, &self, &error) == VH_ERR_IO);
  BOOST_TEST(std::string(error.json_pointer) == "/class_names");
  BOOST_TEST(std::string(error.where) == "/nowhere/names.txt");
  params.values.erase("class_names");
  params.values["list"] = std::string("/nowhere.txt");
  BOOST_TEST(table->create(&build, &self, &error) == VH_ERR_IO);
  BOOST_TEST(std::string(error.json_pointer) == "/list");
  BOOST_TEST(std::string(error.message) == "/nowhere.txt: can't be opened: No such file or directory");
  BOOST_TEST(!self);
}

BOOST_FIXTURE_TEST_CASE(all_frames_of_a_clip_are_augmented_alike, Fixture) {
  kinetics::ClipsOptions options;
  options.list = std::get<std::string>(params.values["list"]);
  options.sampling = {kinetics::SamplingRule::kMmaction, 4, 4, 1, 30};
  options.crop = {.kind = kinetics::CropKind::kRandomResized, .size = 32};
  kinetics::Clips plain(options, kinetics::inline_hooks());
  options.augment.rand_augment = {.set = vh::media::OpSet::kTimmIncreasing, .n = 3, .probability = 1};
  options.augment.jitter = {0.4, 0.4, 0.4, 0.1};
  options.augment.erase = {.probability = 1, .mode = vh::media::EraseMode::kConst, .mean = {9, 99, 199}};
  kinetics::Clips augmented(options, kinetics::inline_hooks());
  vh::media::Augment augment(options.augment);
  auto read = [](const kinetics::Clips& clips, kinetics::Pass pass, uint64_t seed) {
    std::vector<uint8_t> video(static_cast<size_t>(clips.video_bytes(pass)));
    kinetics::Output output{seed, video.data()};
    clips.read(0, pass, {&output, 1});
    return video;
  };
  for (uint64_t seed = 0; seed < 20; ++seed) {
    auto expected = read(plain, kinetics::Pass::kTrain, seed), got = read(augmented, kinetics::Pass::kTrain, seed);
    BOOST_TEST((expected != got));
    vh_random random = vh_random_from(vh_hash2(seed, 5));
    auto decisions = augment.draw(random, 32, 32);
    for (int64_t t = 0; t < 4; ++t) augment.apply(decisions, {expected.data() + t * 32 * 32 * 3, 32, 32, 32 * 3}, t);
    BOOST_TEST((expected == got), "seed " << seed);
    BOOST_TEST((read(plain, kinetics::Pass::kEval, seed) == read(augmented, kinetics::Pass::kEval, seed)));
  }
}

BOOST_FIXTURE_TEST_CASE(whole_frames_are_augmented_before_they_are_cut, Fixture) {
  kinetics::ClipsOptions options;
  options.list = std::get<std::string>(params.values["list"]);
  options.sampling = {kinetics::SamplingRule::kMmaction, 4, 4, 1, 30};
  options.crop = {.kind = kinetics::CropKind::kCenter, .size = 32};  // of 64 x 64
  options.augment.rand_augment = {.set = vh::media::OpSet::kTimmIncreasing, .n = 3, .probability = 1};
  options.augment.erase.probability = 0.5;
  options.augment_frames = true;
  kinetics::Clips augmented(options, kinetics::inline_hooks());
  options.crop.size = 64, options.augment = {};
  kinetics::Clips whole(options, kinetics::inline_hooks());
  vh::media::Augment augment(augmented.options().augment);
  for (uint64_t seed = 0; seed < 10; ++seed) {
    std::vector<uint8_t> got(4 * 32 * 32 * 3), frames(4 * 64 * 64 * 3), expected(got.size());
    kinetics::Output small{seed, got.data()}, large{seed, frames.data()};
    augmented.read(0, kinetics::Pass::kTrain, {&small, 1});
    whole.read(0, kinetics::Pass::kTrain, {&large, 1});
    vh_random random = vh_random_from(vh_hash2(seed, 5));
    auto decisions = augment.draw(random, 32, 32);
    for (int64_t t = 0; t < 4; ++t) {
      vh::media::Picture frame{64, 64, {frames.begin() + t * 64 * 64 * 3, frames.begin() + (t + 1) * 64 * 64 * 3}};
      augment.change(decisions, span(frame));
      uint8_t* out = expected.data() + t * 32 * 32 * 3;
      vh::media::resample(frame, {0, 0, 64, 64}, vh::media::Filter::kBilinear, /*mirror=*/false, 32, 32, out);
      augment.erase(decisions, {out, 32, 32, 32 * 3}, t);
    }
    BOOST_TEST((expected == got), "seed " << seed);
  }
}

BOOST_FIXTURE_TEST_CASE(augmentation_is_off_until_asked_for, Fixture) {
  auto video_with = [&](const char* name, std::variant<int64_t, std::string> value) {
    Fixture::params.values[name] = std::move(value);
    void* self = nullptr;
    BOOST_REQUIRE_MESSAGE(table->create(&build, &self, &error) == VH_OK, error.message);
    std::vector<uint8_t> video(4 * 32 * 32 * 3);
    int64_t label = 0, bytes[8] = {int64_t(video.size()), 8, 8, 8, 8, 8, 8, 8};
    double of_file[6];
    void* data[8] = {video.data(), &label};
    for (size_t i = 0; i < 6; ++i) data[2 + i] = of_file + i;
    vh_slot slot = {sizeof(vh_slot), 8, data, bytes, nullptr};
    vh_slot* slots[1] = {&slot};
    uint64_t seed = 1;
    vh_read read = {sizeof(vh_read), VH_PASS_TRAIN, 0, 1, 0, &seed, slots};
    BOOST_TEST(table->read(self, &read, &error) == VH_OK, error.message);
    table->destroy(self);
    Fixture::params.values.erase(name);
    return video;
  };
  auto plain = video_with("erase", int64_t(0));
  BOOST_TEST((plain == video_with("rand_augment", std::string("none"))));
  BOOST_TEST((plain != video_with("erase", int64_t(1))));
}
