// The plugin through its C table, as a host sees it.
#include <dlfcn.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "dataset_host.h"
#include "support.h"

using namespace imagenet_test;
using namespace dataset_host;

namespace {

struct Fixture : TemporaryFolder {
  const vh_plugin_entry* entry = nullptr;
  vh_error error{};
  vh_node params;
  vh_build build{};

  Fixture() {
    void* library = ::dlopen(IMAGENET_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    BOOST_REQUIRE_MESSAGE(library, ::dlerror());
    entry = static_cast<const vh_plugin_entry*>(::dlsym(library, "vh_plugin_entry_v1"));
    BOOST_REQUIRE(entry && entry->magic == VH_PLUGIN_MAGIC);
    error.struct_size = sizeof error;
    BOOST_REQUIRE(entry->init(&kHost, &error) == VH_OK);
    write("n01/a.jpg", imagenet::encode_jpeg(test_picture(50, 40)));
    write("n02/b.jpg", imagenet::encode_jpeg(test_picture(40, 50)));
    write("n02/c.jpg", "<html>");
    params.values = {{"root", path.string()}, {"size", int64_t{32}}, {"crops", int64_t{3}}};
    build.struct_size = sizeof build, build.host = &kHost, build.params = &params, build.cache_dir = "";
  }
  const vh_dataset_1* table(const char* component) const {
    return static_cast<const vh_dataset_1*>(entry->get(VH_DATASET_1, component));
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(the_table_serves_a_host, Fixture) {
  BOOST_TEST(!table("nothing"));
  const vh_dataset_1* folder = table("folder");
  BOOST_REQUIRE(folder);
  void* self = nullptr;
  BOOST_REQUIRE_MESSAGE(folder->create(&build, &self, &error) == VH_OK, error.message);
  int64_t n = 0;
  BOOST_TEST(folder->length(self, &n, &error) == VH_OK);
  BOOST_TEST(n == 3);
  Specs train, eval;
  BOOST_TEST(folder->fields(self, VH_PASS_TRAIN, &train.sink, &error) == VH_OK);
  BOOST_TEST(folder->fields(self, VH_PASS_EVAL, &eval.sink, &error) == VH_OK);
  BOOST_REQUIRE(train.items.size() == 4u);
  BOOST_TEST((train.items[2].first == "file.width" && train.items[3].first == "file.height"));
  const auto& [key, image] = train.items[0];
  BOOST_TEST((key == "image" && image.dtype == VH_U8 && image.rank == 4));
  BOOST_TEST((image.dim[0] == 1 && image.dim[1] == 32 && image.dim[2] == 32 && image.dim[3] == 3));
  BOOST_TEST(eval.items[0].second.dim[0] == 3);
  BOOST_TEST((train.items[1].first == "label" && train.items[1].second.classes == 2));

  std::vector<uint8_t> pixels(32 * 32 * 3);
  int64_t label = 7, bytes[4] = {int64_t(pixels.size()), 8, 8, 8};
  double width = 0, height = 0;
  void* data[4] = {pixels.data(), &label, &width, &height};
  vh_slot slot = {sizeof(vh_slot), 4, data, bytes, nullptr};
  vh_slot* slots[1] = {&slot};
  uint64_t seed = 1;
  vh_read read = {sizeof(vh_read), VH_PASS_TRAIN, 1, 1, 0, &seed, slots};
  BOOST_TEST(folder->read(self, &read, &error) == VH_OK, error.message);
  BOOST_TEST(label == 1);
  BOOST_TEST((width == 40 && height == 50));
  BOOST_TEST(std::any_of(pixels.begin(), pixels.end(), [](uint8_t x) { return x != 0; }));
  read.index = 2;
  BOOST_TEST(folder->read(self, &read, &error) == VH_ERR_DATA);
  BOOST_TEST(std::string(error.where) == (path / "n02/c.jpg").string());
  BOOST_TEST(std::string(error.message).starts_with("is no image of a known kind"));
  read.index = 3;
  BOOST_TEST(folder->read(self, &read, &error) == VH_ERR_ARGUMENT);
  read.index = 0, bytes[0] = 5;
  BOOST_TEST(folder->read(self, &read, &error) == VH_ERR_ARGUMENT);

  Text name, print, class_name;
  BOOST_TEST(folder->name(self, 1, &name.sink, &error) == VH_OK);
  BOOST_TEST(name.text == (path / "n02/b.jpg").string());
  BOOST_TEST(folder->class_name(self, 1, &class_name.sink, &error) == VH_OK);
  BOOST_TEST(class_name.text == "n02");
  BOOST_TEST(folder->fingerprint(self, &print.sink, &error) == VH_OK);
  BOOST_TEST(print.text.starts_with("n=3 hash="));
  folder->destroy(self);
}

BOOST_FIXTURE_TEST_CASE(bad_parameters_come_back_with_their_pointer, Fixture) {
  void* self = nullptr;
  auto refused = [&](const char* component, int32_t code) {
    BOOST_TEST(table(component)->create(&build, &self, &error) == code);
    return std::string(error.json_pointer) + " " + error.message;
  };
  params.values["classes"] = int64_t{1};
  BOOST_TEST(refused("folder", VH_ERR_PARAM) == "/classes is 1, but " + path.string() + " has the label 1");
  params.values.erase("classes");
  params.values["root"] = "/nowhere";
  BOOST_TEST(refused("folder", VH_ERR_IO) == "/root /nowhere can't be read: No such file or directory");
  params.values["root"] = path.string();
  params.values["class_names"] = "/nowhere.txt";
  BOOST_TEST(refused("folder", VH_ERR_IO) == "/class_names /nowhere.txt: can't be opened: No such file or directory");
  params.values.erase("class_names");
  BOOST_TEST(refused("list", VH_ERR_PARAM) == "/list is missing: the list file of the images, or give \"files\"");
  params.values["list"] = "/nowhere.txt";
  BOOST_TEST(refused("list", VH_ERR_IO) == "/list /nowhere.txt: can't be opened: No such file or directory");
  BOOST_TEST(!self);
}
