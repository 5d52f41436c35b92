// What a dataset's author gets: SourceDataset around a source, its errors at the edge, the host's hooks.
#include <vhost/media/dataset.h>
#include <vhost/media/labels.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>

using namespace vh::media;

namespace {

struct Item {
  std::string path;
  int64_t label;
};

// Pictures or clips whose pixels are all the seed; sample 2 can't be read.
struct Flat {
  std::vector<int64_t> per_view;
  std::vector<Item> items = {{"a", 1}, {"b", -1}, {"broken", 0}};

  int64_t length() const { return static_cast<int64_t>(items.size()); }
  int64_t classes() const { return 2; }
  std::vector<int64_t> shape(Pass pass) const {
    std::vector<int64_t> all = {pass == Pass::kTrain ? 1 : 3};
    all.insert(all.end(), per_view.begin(), per_view.end());
    return all;
  }
  const Item& item(int64_t i) const { return items[static_cast<size_t>(i)]; }
  std::string fingerprint() const { return "flat"; }
  void read(int64_t i, Pass pass, std::span<const Output> outputs) const {
    if (i == 2) throw SampleError(item(i).path, "is broken");
    int64_t n = 1;
    for (int64_t d : shape(pass)) n *= d;
    for (const Output& output : outputs) std::fill_n(output.pixels, n, static_cast<uint8_t>(output.seed));
  }
};
struct NamedFlat : Flat {
  std::string class_name(int64_t label) const { return label == 1 ? "one" : ""; }
};
static_assert(!NamesClasses<Flat> && NamesClasses<NamedFlat>);

const std::vector<int64_t> kPicture = {4, 5, 3}, kClip = {2, 4, 5, 3};

// A batch's memory for two augmentations of one sample.
struct Slots {
  std::vector<uint8_t> pixels[2];
  int64_t label[2] = {7, 7}, bytes[2];
  void* data[2][2];
  vh_slot slot[2];
  vh_slot* pointers[2];
  uint64_t seed[2] = {11, 12};
  explicit Slots(int64_t size) : bytes{size, 8} {
    for (int k = 0; k < 2; ++k) {
      pixels[k].resize(static_cast<size_t>(size));
      data[k][0] = pixels[k].data(), data[k][1] = &label[k];
      slot[k] = {sizeof(vh_slot), 2, data[k], bytes, nullptr};
      pointers[k] = &slot[k];
    }
  }
  vh_read read(int64_t index, uint32_t pass) { return {sizeof(vh_read), pass, index, 2, 0, seed, pointers}; }
};

// What arrives at the host: code, where, pointer, message.
template <class F>
std::string failure(F&& fn) {
  vh_error error = vh::detail::new_error();
  int32_t code = vh::detail::guard(&error, fn);
  return vh::str(code == VH_ERR_DATA        ? "data"
                 : code == VH_ERR_PARAM     ? "param"
                 : code == VH_ERR_ARGUMENT  ? "argument"
                 : code == VH_ERR_CANCELLED ? "cancelled"
                                            : "",
                 "|", error.where, "|", error.json_pointer, "|", error.message);
}

std::vector<std::string> heard;

}  // namespace

BOOST_AUTO_TEST_CASE(the_rank_of_the_shape_tells_pictures_from_clips) {
  auto fields = SourceDataset<Flat>(Flat{kPicture}).fields(VH_PASS_EVAL);
  BOOST_REQUIRE(fields.size() == 2u);
  BOOST_TEST((fields[0].key == "image" && fields[0].axes == "VHWC" && fields[0].semantic == "input"));
  BOOST_TEST((fields[0].dim == std::vector<int64_t>{3, 4, 5, 3}));
  BOOST_TEST((fields[1].key == "label" && fields[1].semantic == "label" && fields[1].classes == 2));
  fields = SourceDataset<Flat>(Flat{kClip}).fields(VH_PASS_TRAIN);
  BOOST_TEST((fields[0].key == "video" && fields[0].axes == "VTHWC"));
  BOOST_TEST((fields[0].dim == std::vector<int64_t>{1, 2, 4, 5, 3}));
}

BOOST_AUTO_TEST_CASE(each_augmentation_gets_its_seed_and_the_label) {
  SourceDataset<NamedFlat> dataset(NamedFlat{{kClip}});
  Slots slots(1 * 2 * 4 * 5 * 3);
  vh_read read = slots.read(1, VH_PASS_TRAIN);
  dataset.read(vh::Read(read));
  for (size_t k = 0; k < 2; ++k) {
    BOOST_TEST(slots.label[k] == -1);
    BOOST_TEST(std::count(slots.pixels[k].begin(), slots.pixels[k].end(), 11 + k) == 120);
  }
  BOOST_TEST(dataset.name(1) == "b");
  BOOST_TEST(dataset.class_name(1) == "one");
  BOOST_TEST(dataset.fingerprint() == "flat");
}

BOOST_AUTO_TEST_CASE(what_read_returns_of_the_file_fills_fields) {
  struct Telling : Flat {
    FileFacts read(int64_t i, Pass pass, std::span<const Output> outputs) const {
      Flat::read(i, pass, outputs);
      return {640, 480, 90, 10, 3.5, 25};
    }
  };
  static_assert(TellsOfFiles<Telling> && !TellsOfFiles<Flat>);
  SourceDataset<Telling> clips(Telling{{kClip}}), pictures(Telling{{kPicture}});
  auto fields = clips.fields(VH_PASS_TRAIN);
  BOOST_REQUIRE(fields.size() == 8u);
  BOOST_TEST((fields[4].key == "file.frames" && fields[4].semantic == "file" && fields[4].axes.empty()));
  BOOST_TEST(pictures.fields(VH_PASS_TRAIN).size() == 4u);
  std::vector<uint8_t> pixels(120);
  int64_t label = 0, bytes[8] = {120, 8, 8, 8, 8, 8, 8, 8};
  double facts[6] = {};
  void* data[8] = {pixels.data(), &label, facts, facts + 1, facts + 2, facts + 3, facts + 4, facts + 5};
  vh_slot slot = {sizeof(vh_slot), 8, data, bytes, nullptr};
  vh_slot* slots[] = {&slot};
  uint64_t seed = 1;
  vh_read read = {sizeof(vh_read), VH_PASS_TRAIN, 0, 1, 0, &seed, slots};
  clips.read(vh::Read(read));
  BOOST_TEST(facts == (std::vector<double>{640, 480, 90, 10, 3.5, 25}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_wrong_arrives_with_code_and_place) {
  SourceDataset<Flat> dataset(Flat{kPicture});
  Slots slots(1 * 4 * 5 * 3);
  auto reading = [&](int64_t index, uint32_t pass) {
    vh_read read = slots.read(index, pass);
    return failure([&] { dataset.read(vh::Read(read)); });
  };
  BOOST_TEST(reading(2, VH_PASS_TRAIN) == "data|broken||is broken");
  BOOST_TEST(reading(3, VH_PASS_TRAIN) == "argument|||sample 3 of 3");
  BOOST_TEST(reading(-1, VH_PASS_TRAIN) == "argument|||sample -1 of 3");
  BOOST_TEST(reading(0, VH_PASS_EVAL) == "argument|||the slot doesn't have the sizes of fields()");
  BOOST_TEST(failure([&] { dataset.name(3); }) == "argument|||sample 3 of 3");
  BOOST_TEST(failure([] { throw Cancelled("counting"); }) == "cancelled|||stopped while counting");
  BOOST_TEST(failure([] { count_classes(2, 2, 0, "list.txt"); }) ==
             "param||/classes|is 2, but list.txt has the label 2");
}

BOOST_AUTO_TEST_CASE(hooks_are_the_hosts_where_it_has_the_service) {
  auto all = [](const Hooks& hooks) {
    int64_t sum = 0;
    hooks.parallel(10, [&](int64_t begin, int64_t end) { sum += end - begin; });
    hooks.progress("counting", 3, 4);
    hooks.note("odd");
    return sum;
  };
  vh::detail::services = {};
  BOOST_TEST(all(host_hooks("test/flat")) == 10);
  BOOST_TEST(!host_hooks("test/flat").cancelled());
  static const vh_parallel_1 parallel = {
      sizeof(vh_parallel_1), 0,
      [](int64_t n, int64_t grain, int32_t (*fn)(void*, int64_t, int64_t), void* context) {
        heard.push_back(vh::str("parallel ", n, " by ", grain));
        return fn(context, 0, 4) + fn(context, 4, n);
      },
      nullptr};
  static const vh_log_1 log = {
      sizeof(vh_log_1),
      0,
      [](int32_t level, const char* part, const char* text) { heard.push_back(vh::str(level, part, text)); },
      nullptr,
      [](const char* what, int64_t done, int64_t total) { heard.push_back(vh::str(what, done, "/", total)); },
      [] { return int32_t{1}; }};
  vh::detail::services.parallel = &parallel, vh::detail::services.log = &log;
  BOOST_TEST(all(host_hooks("test/flat")) == 10);
  BOOST_TEST(host_hooks("test/flat").cancelled());
  BOOST_TEST(
      (heard == std::vector<std::string>{"parallel 10 by 1", "counting3/4", vh::str(VH_LOG_WARN, "test/flatodd")}));
}
