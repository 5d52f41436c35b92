#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "packages.h"
#include "plugins/package.h"
#include "vhost/random.h"

using namespace vhost;
using namespace vhost::test;

namespace fs = std::filesystem;

namespace {

// A variable of the environment for the length of a scope.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old, had_ = true;
    setenv(name, value.c_str(), 1);
  }
  ~Environment() { had_ ? setenv(name_, old_.c_str(), 1) : unsetenv(name_); }

 private:
  const char* name_;
  std::string old_;
  bool had_ = false;
};

std::string error_reading(const fs::path& folder) {
  return error_of([&] { read_package(folder); });
}

bool holds(const std::vector<fs::path>& paths, const fs::path& path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(package_tests)

BOOST_AUTO_TEST_CASE(a_good_plugin_json_is_read_whole) {
  TempFolder root;
  json::object data = metadata("toy", "1.2.0-rc.1");
  data["components"] =
      json::array{component("vh.loss/1", "mse"), component("vh.head/1", "mse", R"({"k":{"type":"integer"}})")};
  data["a_later_key"] = 1;
  const Package package = read_package(write_package(root.path, data));
  BOOST_TEST(package.name == "toy");
  BOOST_TEST(package.version == "1.2.0-rc.1");
  BOOST_TEST(package.licence == "Apache-2.0");
  BOOST_TEST(package.folder == root.path / "toy/1.2.0-rc.1");
  BOOST_TEST(package.library == root.path / "toy/1.2.0-rc.1/libtoy.so");
  BOOST_TEST(package.build == "c11");
  BOOST_TEST(package.abi_minor == VH_ABI_MINOR);
  BOOST_REQUIRE(package.components.size() == 2u);
  BOOST_TEST(package.find("vh.head/1", "mse") == &package.components[1]);
  BOOST_TEST(package.find("vh.head/1", "mse")->schema.at("properties").as_object().contains("k"));
  BOOST_TEST(package.find("vh.head/1", "tsn") == nullptr);
  BOOST_TEST(package.find("vh.mask/1", "mse") == nullptr);
}

BOOST_AUTO_TEST_CASE(each_wrong_key_is_named_with_file_and_line) {
  struct Row {
    const char *pointer, *value, *message;  // value: JSON; "" = the key is removed
  };
  const Row rows[] = {
      {"/schema", "", "/schema: is missing"},
      {"/schema", "2", "/schema: is 2, this host reads 1: build the package with this host's SDK, or use a newer host"},
      {"/schema", "\"1\"", "/schema: is \"1\", this host reads 1"},
      {"/name", "", "/name: is missing"},
      {"/name", "7", "/name: must be a string, not a number"},
      {"/name", "\"\"", "/name: is empty"},
      {"/name", "\"To y\"", "/name: \"To y\" is no plugin name: a-z, 0-9, _ and - are allowed"},
      {"/name", "\"../toy\"", "/name: \"../toy\" is no plugin name"},
      {"/version", "\"1.2\"", "/version: \"1.2\" is no version: MAJOR.MINOR.PATCH is wanted"},
      {"/licence", "", "/licence: is missing"},
      {"/licence", "null", "/licence: must be a string, not null"},
      {"/description", "[]", "/description: must be a string, not an array"},
      {"/abi", "", "/abi: is missing"},
      {"/abi", "1", "/abi: must be an object, not a number"},
      {"/abi/major", "", "/abi/major: is missing"},
      {"/abi/minor", "-1", "/abi/minor: must be an integer of at least 0, not -1"},
      {"/abi/minor", "4294967296", "/abi/minor: must be an integer of at least 0, not 4294967296"},
      {"/abi/target_minor", "\"1\"", "/abi/target_minor: must be an integer of at least 0, not \"1\""},
      {"/abi/target_minor", "99", "/abi/target_minor: 99 is newer than abi.minor, 1"},
      {"/build", "true", "/build: must be a string, not a boolean"},
      {"/library", "", "/library: is missing"},
      {"/library", "\"../x.so\"", "/library: must be the name of a file in the package's folder, not \"../x.so\""},
      {"/library", "\"/lib/x.so\"", "/library: must be the name of a file in the package's folder"},
      {"/library", "\"..\"", "/library: must be the name of a file in the package's folder"},
      {"/sha256", "\"abc\"", "/sha256: must have 64 digits, not 3"},
      {"/sha256", "\"XYZ\"", "/sha256: \"XYZ\" is no sha256: 64 digits of 0-9 and a-f are wanted"},
      {"/components", "{}", "/components: must be an array, not an object"},
      {"/components", "[]", "/components: is empty: a plugin offers at least one"},
      {"/components/0", "\"mse\"", "/components/0: must be an object, not a string"},
      {"/components/0/interface", "\"loss\"",
       "/components/0/interface: \"loss\" is no interface id such as \"vh.loss/1\""},
      {"/components/0/interface", "\"vh.loss/1x\"", "is no interface id"},
      {"/components/0/interface", "\"vh./1\"", "is no interface id"},
      {"/components/0/interface", "\"vh.loss/\"", "is no interface id"},
      {"/components/0/name", "\"M S\"", "/components/0/name: \"M S\" is no component name: a-z, 0-9 and _ are allowed"},
      {"/components/0/schema", "", "/components/0/schema: is missing"},
      {"/components/0/schema", "[]", "/components/0/schema: must be an object, not an array"},
      {"/components/0/schema", "{}", "/components/0/schema: must describe an object: \"type\": \"object\" is missing"},
      {"/components/0/schema", R"({"type":"object","properties":{"k":{"type":"integr"}}})",
       "/components/0/schema/properties/k/type: "},
      {"/components/0/schema", R"({"type":"object","properties":{"k":{"type":"integer","minimun":1}}})",
       "/components/0/schema/properties/k/minimun: "},
      {"/components/0/schema", R"({"type":"object","properties":{"k":{"type":"integer","default":"x"}}})",
       "/components/0/schema/properties/k/default: "},
  };
  TempFolder root;
  for (const Row& row : rows) {
    json::value data = metadata("toy", "1.0.0");
    const std::string pointer = row.pointer, parent = pointer.substr(0, pointer.rfind('/'));
    const std::string key = pointer.substr(pointer.rfind('/') + 1);
    json::value& owner = parent.empty() ? data : data.at_pointer(parent);
    if (!*row.value)
      owner.as_object().erase(key);
    else if (owner.is_array())
      owner.as_array()[0] = json::parse(row.value);
    else
      owner.as_object()[key] = json::parse(row.value);
    write_text(root.path / "plugin.json", "\n" + json::serialize(data));
    const std::string error = error_reading(root.path);
    BOOST_TEST_CONTEXT(row.pointer << " = " << row.value << ": " << error) {
      BOOST_TEST(error.starts_with((root.path / "plugin.json").string() + ":2:"));
      BOOST_TEST(error.find(row.message) != std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_dataset_may_say_which_extensions_it_reads) {
  const auto read = [](const char* extensions) {
    TempFolder root;
    json::object data = metadata("toy", "1.0.0");
    data["components"] = json::array{component("vh.dataset/1", "clips"), component("vh.dataset/1", "folder")};
    data["extensions"] = json::parse(extensions);
    return read_package(write_package(root.path, data));
  };
  const Package package = read(R"({"clips": ["mp4", "mkv"]})");
  BOOST_TEST(package.components[0].extensions == (std::vector<std::string>{"mp4", "mkv"}),
             boost::test_tools::per_element());
  BOOST_TEST(package.components[1].extensions.empty());
  for (const auto& [value, message] : std::vector<std::pair<const char*, const char*>>{
           {R"(["mp4"])", "/extensions: must be an object, not an array"},
           {R"({"clip": ["mp4"]})", "/extensions/clip: there is no component \"clip\""},
           {R"({"clips": "mp4"})", "/extensions/clips: must be an array, not a string"},
           {R"({"clips": [".mp4"]})", "/extensions/clips: \".mp4\" is no extension such as \"mp4\""},
           {R"({"clips": [7]})", "/extensions/clips: 7 is no extension such as \"mp4\""}}) {
    const std::string got = error_of([&] { read(value); });
    BOOST_TEST(got.find(message) != std::string::npos, got);
  }
}

BOOST_AUTO_TEST_CASE(the_line_and_the_nearest_key_are_given) {
  TempFolder root;
  std::string text = pretty_json(metadata("toy", "1.0.0"));
  text.replace(text.find("\"licence\""), 9, "\"license\"");
  write_text(root.path / "plugin.json", text);
  BOOST_TEST(error_reading(root.path).find("/licence: is missing (did you mean \"license\"?)") != std::string::npos);
  text.replace(text.find("\"target_minor\": 1"), 17, "\"target_minor\": {}");
  text.replace(text.find("\"license\""), 9, "\"licence\"");
  write_text(root.path / "plugin.json", text);
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<long>(text.find("\"target_minor\"")), '\n');
  BOOST_TEST(
      error_reading(root.path).starts_with((root.path / "plugin.json").string() + ":" + std::to_string(line) + ":"));
}

BOOST_AUTO_TEST_CASE(twice_the_same_component_is_refused) {
  TempFolder root;
  json::object data = metadata("toy", "1.0.0");
  data["components"] = json::array{component("vh.loss/1", "mse"), component("vh.loss/1", "mse")};
  write_text(root.path / "plugin.json", json::serialize(data));
  BOOST_TEST(error_reading(root.path).find("/components/1: lists vh.loss/1 \"mse\" a second time") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_missing_or_broken_file_is_named) {
  TempFolder root;
  const std::string file = (root.path / "plugin.json").string();
  BOOST_TEST(error_reading(root.path).find(file) != std::string::npos);
  for (const char* text : {"", "[]", "{", "{\"schema\":1,\"schema\":1}", "\xff\xfe"}) {
    write_text(root.path / "plugin.json", text);
    BOOST_TEST_CONTEXT(text) BOOST_TEST(error_reading(root.path).find(file) != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(mutated_metadata_is_read_or_refused_and_nothing_else) {
  const std::string good = pretty_json(metadata("toy", "1.0.0"));
  const std::string pieces[] = {"{",     "}", "[",       "]",  "\"", ",",    ":",    "null",
                                "1e999", "-", "\\u0000", "/*", "//", "\xff", "true", "0"};
  vh_random random = vh_random_from(3);
  int refused = 0;
  for (int round = 0; round < 5000; ++round) {
    std::string text = good;
    for (int64_t n = 1 + vh_random_below(&random, 4); n > 0; --n) {
      const auto at = static_cast<size_t>(vh_random_below(&random, static_cast<int64_t>(text.size()) + 1));
      const auto length = static_cast<size_t>(vh_random_below(&random, 20));
      switch (vh_random_below(&random, 4)) {
        case 0:
          text.insert(at, pieces[vh_random_below(&random, 16)]);
          break;
        case 1:
          text.erase(at, length);
          break;
        case 2:
          text.insert(at, text.substr(std::min(at / 2, text.size()), length));
          break;
        default:
          if (at < text.size()) text[at] = static_cast<char>(vh_random_below(&random, 256));
      }
    }
    try {
      parse_package(text, "/packages/toy/1.0.0");
    } catch (const Error&) {
      ++refused;
    }
  }
  BOOST_TEST(refused > 2500);
  BOOST_TEST(refused < 5000);
}

BOOST_AUTO_TEST_CASE(packages_are_found_by_layout_and_problems_are_listed) {
  TempFolder root, second;
  write_package(root.path, metadata("toy", "1.0.0"));
  write_package(root.path, metadata("toy", "1.10.0"));
  write_package(second.path, metadata("other", "0.1.0"));
  write_text(root.path / "broken/1.0.0/plugin.json", "{]");
  fs::rename(write_package(second.path, metadata("moved", "1.0.0")), second.path / "moved/2.0.0");
  fs::create_directories(root.path / "empty/1.0.0");
  write_text(root.path / "stray.txt", "");
  write_package(root.path / ".hidden", metadata("toy", "3.0.0"));
  const Found found = find_packages({root.path, root.path / "missing", second.path, root.path / "toy/.."});
  std::vector<std::string> names;
  for (const Package& package : found.packages) names.push_back(package.name + " " + package.version);
  BOOST_TEST(names == (std::vector<std::string>{"toy 1.0.0", "toy 1.10.0", "other 0.1.0"}),
             boost::test_tools::per_element());
  BOOST_REQUIRE(found.problems.size() == 2u);
  BOOST_TEST(found.problems[0].find("broken/1.0.0/plugin.json:1:2") != std::string::npos);
  BOOST_TEST(found.problems[1].ends_with("moved/2.0.0/plugin.json: version is \"1.0.0\", its folder \"2.0.0\""));
}

BOOST_AUTO_TEST_CASE(the_highest_match_wins_and_the_first_folder_among_equals) {
  TempFolder root, second;
  for (const char* version : {"1.0.0", "1.9.0", "1.10.0", "2.0.0-rc.1", "2.0.0"}) {
    write_package(root.path, metadata("toy", version));
    write_package(second.path, metadata("toy", version));
  }
  const Found found = find_packages({second.path, root.path});
  BOOST_TEST(resolve(found, "toy", "^1").version == "1.10.0");
  BOOST_TEST(resolve(found, "toy", "<1.10").version == "1.9.0");
  BOOST_TEST(resolve(found, "toy", "*").version == "2.0.0");
  BOOST_TEST(resolve(found, "toy", "2.0.0-rc.1").version == "2.0.0-rc.1");
  BOOST_TEST(resolve(found, "toy", "^1").folder == second.path / "toy/1.10.0");
}

BOOST_AUTO_TEST_CASE(a_failed_resolution_tells_what_there_is_and_where_it_looked) {
  TempFolder root;
  write_package(root.path, metadata("videomae", "1.0.0"));
  write_package(root.path, metadata("videomae", "1.1.0"));
  write_text(root.path / "videomae/2.0.0/plugin.json", "{]");
  const fs::path missing = root.path / "missing";
  const Found found = find_packages({root.path, missing});
  const std::string at = root.path.string();
  BOOST_TEST(error_of([&] { resolve(found, "videomae", "^2.0"); }) ==
             "no version of plugin \"videomae\" matches \"^2.0\": there are 1.0.0 (" + at +
                 "/videomae/1.0.0), 1.1.0 (" + at + "/videomae/1.1.0); not usable: " + found.problems[0] +
                 "; looked in " + at + ", " + missing.string() + " (no such folder)");
  BOOST_TEST(error_of([&] { resolve(found, "vidomae", "*"); }) ==
             "plugin \"vidomae\" isn't installed (did you mean \"videomae\"?): there are videomae; looked in " + at +
                 ", " + missing.string() + " (no such folder)");
  BOOST_TEST(error_of([&] { resolve(find_packages({}), "toy", "*"); }) ==
             "plugin \"toy\" isn't installed: there are none; looked in no folder");
  BOOST_TEST(error_of([&] { resolve(found, "toy", "new"); }).starts_with("\"new\" is no version range"));
}

BOOST_AUTO_TEST_CASE(search_path_has_the_stated_order_and_never_the_current_folder) {
  Environment plugins("VHOST_PLUGIN_PATH", ":/from/env::relative:");
  Environment home("HOME", "/home/somebody"), data("XDG_DATA_HOME", ""),
      dirs("XDG_DATA_DIRS", "not/absolute:/opt/share");
  const auto paths = plugin_search_path({"/first", "second"});
  const fs::path here = fs::current_path(), program = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
  const std::vector<fs::path> expected = {"/first",
                                          here / "second",
                                          "/from/env",
                                          here / "relative",
                                          program / "plugins",
                                          program / "lib/vhost/plugins",
                                          "/home/somebody/.local/share/vhost/plugins",
                                          "/opt/share/vhost/plugins"};
  BOOST_TEST(paths == expected, boost::test_tools::per_element());
  BOOST_TEST(!holds(paths, here));
  Environment data_home("XDG_DATA_HOME", "/data");
  BOOST_TEST(holds(plugin_search_path({}), "/data/vhost/plugins"));
}

BOOST_AUTO_TEST_SUITE_END()
