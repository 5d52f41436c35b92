// The program's surface: help, usage errors, the commands that need no LibTorch.
#include <algorithm>
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>

#include "run_program.h"

namespace {

using namespace vhost::test;
namespace fs = std::filesystem;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

fs::path good_manifest() {
  return source_folder() / "tests/bad_manifests/good.json";
}

void check_usage_error(const std::vector<std::string>& arguments, const std::string& expected) {
  const Ran ran = vhost::test::vhost(arguments);
  BOOST_TEST(ran.code == 2);
  BOOST_TEST(ran.err == "error: " + expected + "\n");
  BOOST_TEST(ran.out == "");
}

BOOST_AUTO_TEST_SUITE(cli_tests)

BOOST_AUTO_TEST_CASE(help_of_every_command_lists_its_options_and_an_example) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> commands = {
      {"",
       {"--manifest", "--set", "--work-dir", "--plugin-path", "--checkpoint", "--no-resume", "--dry-run", "--lock ",
        "--locked", "--update", "predict", "rerun", "extract", "config", "plugin", "version", "VHOST_PLUGIN_PATH",
        "Exit codes"}},
      {"predict", {"--manifest", "--set", "--checkpoint", "--json", "--top-k", "--output", "--work-dir", "files"}},
      {"extract", {"--manifest", "--checkpoint", "--output", "files"}},
      {"rerun", {"RECORD", "--work-dir", "--dry-run", "--plugin-path"}},
      {"config", {"--manifest", "--set", "--origins"}},
      {"compare", {"RUN REFERENCE", "--mre", "--mae", "--output", "--json", "Exit codes"}},
      {"report", {"RUNS", "--output"}},
      {"data", {"prepare", "scan", "stats", "fingerprint", "browse"}},
      {"data prepare kinetics", {"SOURCE", "OUT", "--annotations", "--split", "--no-check", "--threads"}},
      {"data scan",
       {"SOURCE", "--manifest", "--only", "--dataset", "--set", "--output", "--as-is", "--json", "Exit code 1"}},
      {"data stats", {"SOURCE", "--threads", "--json"}},
      {"data fingerprint", {"SOURCE", "--manifest", "--json"}},
      {"data browse", {"--count", "--index", "--class", "--augmentations", "--output"}},
      {"plugin", {"list", "inspect", "matrix", "install", "remove", "verify", "pack", "explain"}},
      {"plugin install", {"--to", "--force", "--max-size", "1 GiB"}},
      {"plugin remove", {"--from", "--all", "NAME@VERSION"}},
      {"plugin verify", {"--json", "NAME@RANGE"}},
      {"plugin pack", {"--output", "PACKAGE"}},
      {"plugin explain", {"--json", "NAME", "RANGE"}},
      {"plugin matrix", {"--part", "--input", "--set", "--json", "--plugin-path"}},
      {"plugin list", {"--json", "--plugin-path"}},
      {"plugin inspect", {"--json", "--plugin-path", "NAME@RANGE"}},
      {"version", {}}};
  for (const auto& [command, expected] : commands) {
    std::vector<std::string> arguments;
    std::istringstream words(command);
    for (std::string word; words >> word;) arguments.push_back(word);
    arguments.push_back("--help");
    const Ran ran = vhost::test::vhost(arguments);
    BOOST_TEST_CONTEXT("vhost " << command << " --help") {
      BOOST_TEST(ran.code == 0);
      BOOST_TEST(ran.err == "");
      for (const std::string& word : expected) BOOST_TEST(contains(ran.out, word), word);
      if (!expected.empty()) BOOST_TEST(contains(ran.out, "Example"));
    }
  }
}

BOOST_AUTO_TEST_CASE(wrong_usage_is_one_line_and_exits_2) {
  check_usage_error({}, "--manifest FILE is missing; see vhost --help");
  check_usage_error({"predict"}, "--manifest FILE is missing; see vhost predict --help");
  check_usage_error({"--manifes", "x.json"},
                    "unknown option '--manifes' (did you mean \"--manifest\"?); see vhost --help");
  check_usage_error({"predikt"}, "unknown command 'predikt' (did you mean \"predict\"?); see vhost --help");
  check_usage_error({"plugin", "lst"}, "unknown command 'lst' (did you mean \"list\"?); see vhost plugin --help");
  check_usage_error({"plugin", "list", "--jsn"},
                    "unknown option '--jsn' (did you mean \"--json\"?); see vhost plugin list --help");
  check_usage_error({"exp.json"},
                    "unexpected argument 'exp.json' (did you mean \"--manifest exp.json\"?); see vhost --help");
  check_usage_error({"plugin"}, "A subcommand is required; see vhost plugin --help");
  check_usage_error({"config", "--manifest"}, "--manifest: 1 required FILE missing; see vhost config --help");
  check_usage_error({"rerun"}, "record is required; see vhost rerun --help");
  check_usage_error({"--manifest", "x", "--locked", "--update"}, "--locked excludes --update; see vhost --help");
  for (const char* option : {"--index", "--seed"})
    check_usage_error({"show", "--manifest", "x", option, "-1"},
                      std::string(option) + ": -1: a whole number from 0 on is wanted; see vhost show --help");
  check_usage_error({"predict", "--top-k", "0", "--manifest", "x"},
                    "--top-k: Value 0 not in range 1 to 1000000; see vhost predict --help");
}

BOOST_AUTO_TEST_CASE(a_missing_manifest_is_named) {
  const Ran ran = vhost::test::vhost({"--manifest", "nowhere/exp.json"});
  BOOST_TEST(ran.code == 1);
  BOOST_TEST(contains(ran.err, "nowhere/exp.json"));
  BOOST_TEST(contains(ran.err, "No such file"));
  BOOST_TEST(std::ranges::count(ran.err, '\n') == 1);
}

BOOST_AUTO_TEST_CASE(plugin_list_names_the_plugins_of_this_build) {
  const Ran ran = vhost::test::vhost({"plugin", "list"});
  BOOST_TEST(ran.code == 0);
  for (const char* word :
       {"kinetics", "dataset clips", "videomae", "backbone vit", "mask tube", "head decoder", "target pixels",
        "loss mse", "classify", "head linear", "head tsn", "head i3d", "head timesformer", "loss cross_entropy"}) {
    BOOST_TEST(contains(ran.out, word), word);
  }
}

BOOST_AUTO_TEST_CASE(plugin_list_speaks_json) {
  const Ran ran = vhost::test::vhost({"plugin", "list", "--json"});
  const boost::json::value list = boost::json::parse(ran.out);
  BOOST_TEST(list.as_array().size() >= 3u);
  for (const auto& plugin : list.as_array()) BOOST_TEST(plugin.at("sha256").as_string().size() == 64u);
}

BOOST_AUTO_TEST_CASE(an_unreadable_plugin_is_a_warning_and_hides_no_other) {
  const Scratch scratch;
  fs::create_directories(scratch.path() / "broken/1.0.0");
  std::ofstream(scratch.path() / "broken/1.0.0/plugin.json") << "{";
  const Ran ran = vhost::test::vhost({"plugin", "list", "--plugin-path", scratch.path()});
  BOOST_TEST(ran.code == 0);
  BOOST_TEST(contains(ran.err, "warning: "));
  BOOST_TEST(contains(ran.err, "broken/1.0.0/plugin.json"));
  BOOST_TEST(contains(ran.out, "videomae"));
}

BOOST_AUTO_TEST_CASE(plugin_inspect_shows_every_parameter_with_default_and_range) {
  const Ran all = vhost::test::vhost({"plugin", "inspect", "videomae"});
  BOOST_TEST(all.code == 0);
  BOOST_TEST(contains(all.out, "matches the library"));
  for (const char* word :
       {"videomae/vit", "videomae/tube", "videomae/decoder", "videomae/pixels", "videomae/mse", "default"}) {
    BOOST_TEST(contains(all.out, word), word);
  }
  const Ran one = vhost::test::vhost({"plugin", "inspect", "videomae/tube"});
  BOOST_TEST(contains(one.out, "videomae/tube"));
  BOOST_TEST(!contains(one.out, "videomae/vit"));
}

BOOST_AUTO_TEST_CASE(plugin_inspect_helps_with_wrong_names) {
  const Ran component = vhost::test::vhost({"plugin", "inspect", "videomae/tubes"});
  BOOST_TEST(component.code == 1);
  BOOST_TEST(contains(component.err, "has no component 'tubes' (did you mean \"tube\"?)"));
  const Ran plugin = vhost::test::vhost({"plugin", "inspect", "videomea"});
  BOOST_TEST(plugin.code == 1);
  BOOST_TEST(contains(plugin.err, "videomea"));
  const Ran version = vhost::test::vhost({"plugin", "inspect", "videomae@^99"});
  BOOST_TEST(version.code == 1);
  BOOST_TEST(contains(version.err, "^99"));
}

BOOST_AUTO_TEST_CASE(plugin_matrix_helps_with_wrong_options) {
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"--part", "videomae"}, "--part videomae: PLUGIN/COMPONENT is wanted"},
      {{"--part", "videomae/vlt"}, "--part videomae/vlt: videomae has no component \"vlt\" (did you mean \"vit\"?)"},
      {{"--part", "videomea/vit"}, "plugin \"videomea\" isn't installed (did you mean \"videomae\"?)"},
      {{"--part", "kinetics/clips"}, "--part kinetics/clips: is a dataset, of which the matrix has none"},
      {{"--input", "movie"}, "--input movie: image, clip or FRAMESxHEIGHTxWIDTH is wanted"},
      {{"--input", "8x0x224"}, "--input 8x0x224: image, clip or FRAMESxHEIGHTxWIDTH is wanted"},
      {{"--set", "videomae/vit=8"}, "--set videomae/vit=8: PLUGIN/COMPONENT.KEY=VALUE is wanted"},
      {{"--set", "videomae/vit.pach=8"}, "videomae/vit has no parameter \"pach\" (did you mean \"patch\"?)"}};
  for (const auto& [options, reason] : cases) {
    std::vector<std::string> arguments{"plugin", "matrix"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Ran ran = vhost::test::vhost(arguments);
    BOOST_TEST_CONTEXT(reason) {
      BOOST_TEST(ran.code == 1);
      BOOST_TEST(contains(ran.err, reason), ran.err);
      BOOST_TEST(std::ranges::count(ran.err, '\n') == 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(config_fills_defaults_in_and_names_origins) {
  const Ran config = vhost::test::vhost({"config", "--manifest", good_manifest()});
  BOOST_TEST(config.code == 0, config.err);
  const boost::json::value resolved = boost::json::parse(config.out);
  BOOST_TEST(resolved.at("precision").as_string() == "fp32");
  const Ran origins =
      vhost::test::vhost({"config", "--manifest", good_manifest(), "--origins", "--set", "data.batch=3"});
  BOOST_TEST(contains(origins.out, "/data/batch = 3  # --set data.batch=3\n"), origins.out);
  BOOST_TEST(contains(origins.out, "/nan_guard = \"stop\"  # default\n"));
  BOOST_TEST(contains(origins.out, "good.json:"));
}

BOOST_AUTO_TEST_CASE(config_can_be_read_back) {
  const Scratch scratch;
  const Ran first = vhost::test::vhost({"config", "--manifest", good_manifest()});
  std::ofstream(scratch.path() / "again.json") << first.out;
  const Ran second = vhost::test::vhost({"config", "--manifest", scratch.path() / "again.json"});
  BOOST_TEST(second.code == 0, second.err);
  BOOST_TEST((boost::json::parse(second.out) == boost::json::parse(first.out)), second.out);
}

BOOST_AUTO_TEST_CASE(version_tells_program_abi_and_engine) {
  const Ran ran = vhost::test::vhost({"version"});
  BOOST_TEST(ran.code == 0);
  for (const char* word : {"vhost ", "plugin ABI", "engine"}) BOOST_TEST(contains(ran.out, word), word);
  BOOST_TEST(contains(ran.out, has_engine() ? "libvhost_engine.so" : "built without LibTorch"));
}

#ifdef VHOST_NO_ENGINE
BOOST_AUTO_TEST_CASE(without_an_engine_the_run_says_so) {
  const Scratch scratch;
  const Ran ran = vhost::test::vhost({"--manifest", good_manifest(), "--work-dir", scratch.path() / "run"});
  BOOST_TEST(ran.code == 1);
  BOOST_TEST(contains(ran.err, "error: this vhost has no engine"));
}
#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
