// The example plugins through their C tables, as the host sees them; no LibTorch.
#include <dlfcn.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <numeric>

#include "base/json.h"
#include "services/services.h"
#include "services/specs.h"
#include "vhost/vhost.h"

namespace {

const vh_plugin_entry& entry(const std::string& name) {
  const std::string path =
      std::string(std::getenv("VHOST_BUILD_DIR")) + "/tests/plugins/" + name + "/0.1.0/lib" + name + ".so";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  BOOST_REQUIRE_MESSAGE(library, dlerror());
  const auto* e = static_cast<const vh_plugin_entry*>(dlsym(library, "vh_plugin_entry_v1"));
  vh_error err = vhost::new_error();
  BOOST_REQUIRE(e->init(vhost::host_table(), &err) == VH_OK);
  return *e;
}

// A part made with these parameters, for as long as the object lives.
template <class Table>
struct Part {
  Part(const std::string& plugin, const char* interface_id, const char* name, const char* text)
      : params(vhost::parse_json(text, "test").root),
        table(static_cast<const Table*>(entry(plugin).get(interface_id, name))) {
    BOOST_REQUIRE(table);
    vh_build build{};
    build.struct_size = sizeof build;
    build.host = vhost::host_table();
    build.params = vhost::node_of(params);
    build.in = build.want = &nothing;
    build.package_dir = build.cache_dir = "";
    status = table->create(&build, &self, &err);
  }
  ~Part() {
    if (self) table->destroy(self);
  }
  Part(const Part&) = delete;
  vhost::json::value params;
  vh_specs nothing;
  const Table* table;
  void* self = nullptr;
  vh_error err = vhost::new_error();
  int32_t status = 0;
};

struct Sample {
  std::vector<uint8_t> video = std::vector<uint8_t>(4 * 16 * 16 * 3);
  int64_t label = -1;
  vh_error err = vhost::new_error();
  int32_t status = 0;
};

Sample read(Part<vh_dataset_1>& part, int64_t index, uint64_t seed) {
  Sample s;
  void* data[] = {s.video.data(), &s.label};
  const int64_t bytes[] = {static_cast<int64_t>(s.video.size()), sizeof s.label};
  int64_t* const extent[] = {nullptr, nullptr};
  vh_slot slot{sizeof(vh_slot), 2, data, bytes, extent};
  vh_slot* const slots[] = {&slot};
  const vh_read r{sizeof(vh_read), VH_PASS_TRAIN, index, 1, 0, &seed, slots};
  s.status = part.table->read(part.self, &r, &s.err);
  return s;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sdk_toy_tests)

BOOST_AUTO_TEST_CASE(the_entry_fills_in_every_version_field) {
  for (const char* name : {"toy", "toyc"}) {
    const vh_plugin_entry& e = entry(name);
    BOOST_TEST(e.struct_size == sizeof(vh_plugin_entry));
    BOOST_TEST(e.magic == VH_PLUGIN_MAGIC);
    BOOST_TEST(e.abi_major == VH_ABI_MAJOR);
    BOOST_TEST(e.abi_minor == VH_ABI_MINOR);
    BOOST_TEST(e.target_minor == static_cast<uint32_t>(VH_TARGET_MINOR));
    BOOST_TEST(!e.get(VH_HEAD_1, "no_such_part"));
    BOOST_TEST(!e.get("vh.future/1", "linear"));
  }
}

BOOST_AUTO_TEST_CASE(one_seed_gives_one_sample_and_another_seed_another) {
  Part<vh_dataset_1> part("toy", VH_DATASET_1, "stripes", R"({"count": 8})");
  BOOST_REQUIRE_MESSAGE(part.status == VH_OK, part.err.message);
  const Sample a = read(part, 5, 1), b = read(part, 5, 1), c = read(part, 5, 2);
  BOOST_TEST(a.video == b.video);
  BOOST_TEST(a.video != c.video);
  BOOST_TEST(a.label == 1);
}

BOOST_AUTO_TEST_CASE(fields_name_and_classes_are_stated) {
  Part<vh_dataset_1> part("toy", VH_DATASET_1, "stripes", "{}");
  vh_specs specs;
  vhost::SpecCollector sink(specs);
  BOOST_REQUIRE(part.table->fields(part.self, VH_PASS_TRAIN, &sink, &part.err) == VH_OK);
  BOOST_TEST(specs.find("video")->c.dim[1] == 4);
  BOOST_TEST(specs.find("label")->c.classes == 4);
  vhost::TextCollector name, label, print;
  part.table->name(part.self, 3, &name, &part.err);
  part.table->class_name(part.self, 2, &label, &part.err);
  part.table->fingerprint(part.self, &print, &part.err);
  BOOST_TEST(name.text == "stripes/3");
  BOOST_TEST(label.text == "up");
  BOOST_TEST(print.text == "n=64");
}

BOOST_AUTO_TEST_CASE(an_exception_becomes_an_error_with_code_and_place) {
  Part<vh_dataset_1> part("toy", VH_DATASET_1, "stripes", R"({"broken": [2]})");
  const Sample s = read(part, 2, 1);
  BOOST_TEST(s.status == VH_ERR_DATA);
  BOOST_TEST(std::string(s.err.message) == "broken on purpose");
  BOOST_TEST(std::string(s.err.where) == "stripes/2");
  BOOST_TEST(read(part, 3, 1).status == VH_OK);
}

BOOST_AUTO_TEST_CASE(a_bad_parameter_is_refused_at_create_and_leaves_nothing) {
  Part<vh_dataset_1> part("toy", VH_DATASET_1, "stripes", R"({"frames": 0})");
  BOOST_TEST(part.status == VH_ERR_PARAM);
  BOOST_TEST(std::string(part.err.json_pointer) == "/frames");
  BOOST_TEST(std::string(part.err.message) == "is 0; want at least 1");
  BOOST_TEST(!part.self);
}

BOOST_AUTO_TEST_CASE(a_mask_keeps_to_its_counts_for_every_seed) {
  Part<vh_mask_1> part("toy", VH_MASK_1, "random", R"({"ratio": 0.75})");
  const int64_t grid[3] = {2, 4, 4};
  int64_t least = 0, most = 0;
  BOOST_REQUIRE(part.table->counts(part.self, grid, &least, &most, &part.err) == VH_OK);
  BOOST_TEST(least == 24);
  BOOST_TEST(most == 24);
  std::vector<uint8_t> first;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    std::vector<uint8_t> mask(32, 7);
    BOOST_REQUIRE(part.table->draw(part.self, grid, seed, mask.data(), &part.err) == VH_OK);
    BOOST_TEST(std::accumulate(mask.begin(), mask.end(), 0) == 24);
    if (seed == 0)
      first = mask;
    else
      BOOST_TEST(mask != first);
  }
}

BOOST_AUTO_TEST_CASE(a_head_without_features_says_what_it_needs) {
  Part<vh_head_1> part("toy", VH_HEAD_1, "linear", "{}");
  BOOST_TEST(part.status == VH_ERR_ARGUMENT);
  BOOST_TEST(std::string(part.err.message) == "nothing says what to predict: no target, and no label with classes");
}

BOOST_AUTO_TEST_CASE(a_dataset_in_plain_c_reads) {
  Part<vh_dataset_1> part("toyc", VH_DATASET_1, "noise", R"({"count": 8, "size": 16, "classes": 4})");
  BOOST_REQUIRE_MESSAGE(part.status == VH_OK, part.err.message);
  const Sample s = read(part, 6, 3);
  BOOST_TEST(s.status == VH_OK);
  BOOST_TEST(s.label == 2);
  BOOST_TEST(int(s.video[0]) >= 96);
  BOOST_TEST(int(s.video[0]) < 160);
}

BOOST_AUTO_TEST_SUITE_END()
