#include <boost/test/unit_test.hpp>

#include "packages.h"
#include "plugins/resolve_manifest.h"

using namespace vhost;
using namespace vhost::test;

namespace {

struct Scene : TempFolder {
  Scene() {
    json::object toy = metadata("toy", "1.2.0");
    toy["components"] = json::array{
        component("vh.backbone/1", "vit",
                  R"({"depth":{"type":"integer","default":12,"minimum":1},"size":{"type":"string"}})"),
        component("vh.head/1", "linear", R"({"dropout":{"type":"number","default":0.5}})"),
        component("vh.head/1", "tsn"),
        component("vh.loss/1", "mse"),
        component("vh.loss/1", "huber", R"({"delta":{"type":"number","default":1.0,"exclusiveMinimum":0}})"),
        component("vh.target/1", "pixels"),
        component("vh.mask/1", "tube", R"({"ratio":{"type":"number","default":0.9}})")};
    write_package(path / "plugins", toy);
    toy["version"] = "2.0.0";
    write_package(path / "plugins", toy);
    json::object clips = metadata("clips", "0.3.0");
    clips["components"] = json::array{component("vh.dataset/1", "motion", R"({"list":{"type":"string"}})")};
    write_package(path / "plugins", clips);
    found = find_packages({path / "plugins"});
  }

  Manifest read(const std::string& text) {
    write_text(path / "exp.json", text);
    return read_manifest(path / "exp.json", {});
  }
  std::string error(const std::string& text) {
    Manifest manifest = read(text);
    return error_of([&] { resolve_manifest(manifest, found); });
  }
  std::string at(const std::string& place) const { return (path / "exp.json").string() + ":" + place + ": "; }

  Found found;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(resolve_manifest_tests, Scene)

BOOST_AUTO_TEST_CASE(every_part_is_resolved_and_its_defaults_are_filled_in) {
  Manifest manifest = read(R"({
    "plugins": {"toy": "^1.0", "clips": "*"},
    "data": {"train": {"use": "clips/motion", "list": "a.txt"}, "predict": {"use": "clips/motion"}},
    "model": {"backbone": {"use": "toy/vit", "depth": 4}, "heads": {"main": {"use": "toy/linear"}, "aux": {"use": "toy/tsn"}}},
    "mask": {"use": "toy/tube"}, "target": {"use": "toy/pixels"},
    "losses": [{"use": "toy/mse", "head": "main", "weight": 2.0, "in": {"target": "batch.label"}}, {"use": "toy/huber"}]})");
  std::map<std::string, std::string> parts;
  const Resolution resolution = resolve_manifest(manifest, found);
  for (const ResolvedPart& part : resolution.parts)
    parts[part.pointer] = part.package->name + " " + part.package->version + " " + part.component->interface_id + " " +
                          part.component->name;
  const std::map<std::string, std::string> expected = {
      {"/data/train", "clips 0.3.0 vh.dataset/1 motion"}, {"/data/predict", "clips 0.3.0 vh.dataset/1 motion"},
      {"/model/backbone", "toy 1.2.0 vh.backbone/1 vit"}, {"/model/heads/main", "toy 1.2.0 vh.head/1 linear"},
      {"/model/heads/aux", "toy 1.2.0 vh.head/1 tsn"},    {"/mask", "toy 1.2.0 vh.mask/1 tube"},
      {"/target", "toy 1.2.0 vh.target/1 pixels"},        {"/losses/0", "toy 1.2.0 vh.loss/1 mse"},
      {"/losses/1", "toy 1.2.0 vh.loss/1 huber"}};
  BOOST_TEST((parts == expected));
  BOOST_TEST(manifest.integer("/model/backbone/depth") == 4);
  BOOST_TEST(manifest.number("/model/heads/main/dropout") == 0.5);
  BOOST_TEST(manifest.number("/mask/ratio") == 0.9);
  BOOST_TEST(manifest.number("/losses/1/delta") == 1.0);
  BOOST_TEST(manifest.number("/losses/0/weight") == 2.0);
  BOOST_TEST(!manifest.has("/model/backbone/size"));
}

BOOST_AUTO_TEST_CASE(a_plugin_without_a_range_is_taken_at_its_highest_version) {
  Manifest manifest = read(R"({"target": {"use": "toy/pixels"}})");
  BOOST_TEST(resolve_manifest(manifest, found).parts.at(0).package->version == "2.0.0");
}

BOOST_AUTO_TEST_CASE(an_alias_stands_for_a_range_of_another_plugin) {
  Manifest manifest = read(R"({
    "plugins": {"toy": "*", "toy_old": "toy@^1.0", "plain": "toy@2.0.0"},
    "target": {"use": "toy_old/pixels"}, "mask": {"use": "toy/tube"}})");
  const Resolution resolution = resolve_manifest(manifest, found);
  BOOST_TEST(resolution.part("/target").package->version == "1.2.0");
  BOOST_TEST(resolution.part("/mask").package->version == "2.0.0");
  BOOST_TEST(resolution.plugins.size() == 3u);
  BOOST_TEST(resolution.plugins.at(2).name == "toy_old");
  BOOST_TEST(resolution.plugins.at(2).plugin == "toy");
  BOOST_TEST(resolution.plugins.at(2).range == "^1.0");
  BOOST_TEST(manifest.number("/mask/ratio") == 0.9);
  BOOST_TEST(error_of([&] { resolution.part("/losses/0"); }) == "/losses/0: the manifest has no such part");
}

BOOST_AUTO_TEST_CASE(wrong_uses_are_named_at_their_place) {
  struct Row {
    const char *text, *place, *message;
  };
  const Row rows[] = {
      {R"({"target": {"use": "pixels"}})", "1:13",
       "/target/use: \"plugin/component\" is wanted, e.g. \"videomae/vit\", not \"pixels\""},
      {R"({"target": {"use": "toy/"}})", "1:13", "/target/use: \"plugin/component\" is wanted"},
      {R"({"target": {"use": "toy/a/b"}})", "1:13", "/target/use: \"plugin/component\" is wanted"},
      {R"({"target": {"use": 3}})", "1:13",
       "/target/use: \"plugin/component\" is wanted, e.g. \"videomae/vit\", not 3"},
      {R"({"target": {"use": "tow/pixels"}})", "1:13",
       "/target/use: plugin \"tow\" isn't installed (did you mean \"toy\"?): there are clips, toy; looked in "},
      {R"({"plugins": {"toy": "^3"}, "target": {"use": "toy/pixels"}})", "1:14",
       "/plugins/toy: no version of plugin \"toy\" matches \"^3\": there are 1.2.0 ("},
      {R"({"plugins": {"toy": "latest"}, "target": {"use": "toy/pixels"}})", "1:14",
       "/plugins/toy: \"latest\" is no version range"},
      {R"({"plugins": {"toy": 1}, "target": {"use": "toy/pixels"}})", "1:14",
       "/plugins/toy: must be a version range such as \"^1.0\", or PLUGIN@RANGE such as \"toy@~0.9\""},
      {R"({"plugins": {"old": "toy@~0.9"}, "target": {"use": "old/pixels"}})", "1:14",
       "/plugins/old: no version of plugin \"toy\" matches \"~0.9\": there are 1.2.0 ("},
      {R"({"plugins": {"old": "toy@"}})", "1:14",
       "/plugins/old: PLUGIN@RANGE such as \"toy@~0.9\" is wanted, and after the @ there is no range"},
      {R"({"plugins": {"old": "Toy/x@1"}})", "1:14",
       "/plugins/old: PLUGIN@RANGE such as \"toy@~0.9\" is wanted, and \"Toy/x\" is no plugin's name"},
      {R"({"plugins": {"old": "tow@1"}})", "1:14",
       "/plugins/old: plugin \"tow\" isn't installed (did you mean \"toy\"?)"},
      {R"({"plugins": {"clip": "*"}, "target": {"use": "toy/pixels"}})", "1:14",
       "/plugins/clip: plugin \"clip\" isn't installed (did you mean \"clips\"?)"},
      {R"({"losses": [{"use": "toy/hubert"}]})", "1:14",
       "/losses/0/use: toy 2.0.0 has no vh.loss/1 \"hubert\" (did you mean \"huber\"?); its vh.loss/1 are: mse, huber"},
      {R"({"model": {"heads": {"main": {"use": "toy/pixels"}}}})", "1:31",
       "/model/heads/main/use: \"pixels\" of toy 2.0.0 is a vh.target/1, but a vh.head/1 belongs here; its vh.head/1 "
       "are: "
       "linear, tsn"},
      {R"({"data": {"train": {"use": "toy/vit"}}})", "1:21",
       "/data/train/use: \"vit\" of toy 2.0.0 is a vh.backbone/1, but a vh.dataset/1 belongs here; it offers no "
       "vh.dataset/1"},
  };
  for (const Row& row : rows) {
    const std::string text = error(row.text);
    BOOST_TEST_CONTEXT(row.text << "\n" << text) BOOST_TEST(text.starts_with(at(row.place) + row.message));
  }
}

BOOST_AUTO_TEST_CASE(parameters_are_checked_against_the_components_schema) {
  BOOST_TEST(error("{\n  \"model\": {\"backbone\": {\"use\": \"toy/vit\",\n    \"depht\": 3}}}")
                 .starts_with(at("3:5") + "/model/backbone/depht: "));
  BOOST_TEST(error(R"({"model": {"backbone": {"use": "toy/vit", "depht": 3}}})").find("did you mean \"depth\"?") !=
             std::string::npos);
  BOOST_TEST(error("{\n  \"losses\": [{\"use\": \"toy/huber\",\n    \"delta\": 0}]}")
                 .starts_with(at("3:5") + "/losses/0/delta: "));
  BOOST_TEST(error(R"({"mask": {"use": "toy/tube", "ratio": "much"}})").find("/mask/ratio: ") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
