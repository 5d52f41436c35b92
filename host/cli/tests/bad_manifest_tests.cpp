// Every row of tests/bad_manifests/cases.json is refused with its message and place.
#include <boost/test/unit_test.hpp>

#include "base/json.h"
#include "run_program.h"

namespace {

using namespace vhost::test;
namespace json = boost::json;

std::vector<std::string> command_line(const json::object& row, const std::string& work_dir) {
  std::vector<std::string> arguments;
  if (const auto* command = row.if_contains("command")) arguments.emplace_back(command->as_string());
  const auto* file = row.if_contains("file");
  arguments.insert(arguments.end(), {"--manifest", file ? std::string(file->as_string()) : "good.json"});
  if (const auto* set = row.if_contains("set"))
    arguments.insert(arguments.end(), {"--set", std::string(set->as_string())});
  const auto* more = row.if_contains("arguments");
  if (more) {
    for (const auto& word : more->as_array()) arguments.emplace_back(word.as_string());
  }
  arguments.emplace_back("--dry-run");
  if (!row.contains("own_work_dir")) arguments.insert(arguments.end(), {"--work-dir", work_dir});
  return arguments;
}

// Lists of clips are read before they are refused; what can't be read is warned of, a line each.
std::string without_warnings(std::string text) {
  while (text.starts_with("warning: ")) text.erase(0, text.find('\n') + 1);
  return text;
}

// A copy of tests/bad_manifests, with a few clips if this build can use them.
void copy_manifests(const std::filesystem::path& to) {
  std::filesystem::copy(source_folder() / "tests/bad_manifests", to, std::filesystem::copy_options::recursive);
  if (!has_engine()) return;
  const Ran ran = run({vhost_program().parent_path() / "kinetics-motion-clips", "--out", to / "clips", "--train", "8",
                       "--eval", "4", "--size", "32", "--frames", "8"});
  BOOST_TEST_REQUIRE(ran.code == 0, ran.err);
}

BOOST_AUTO_TEST_SUITE(bad_manifest_tests)

BOOST_AUTO_TEST_CASE(every_bad_manifest_is_refused_with_its_message_and_place) {
  const Scratch copy;
  const auto folder = copy.path() / "manifests";
  copy_manifests(folder);
  const json::array rows = vhost::read_json(folder / "cases.json").root.as_array();
  int run_rows = 0, left_out = 0;
  for (const auto& item : rows) {
    const json::object& row = item.as_object();
    const bool engine = row.contains("engine") && row.at("engine").as_bool();
    if (engine && !has_engine()) {
      ++left_out;
      continue;
    }
    const Scratch scratch;
    const Ran ran = vhost::test::vhost(command_line(row, scratch.path() / "run"), folder);
    ++run_rows;
    BOOST_TEST_CONTEXT("row " << vhost::canonical_json(item)) {
      BOOST_TEST(ran.code == 1);
      const std::string expected = "error: " + std::string(row.at("error").as_string()) + "\n";
      BOOST_TEST(matches(without_warnings(ran.err), expected), "said: " << ran.err << "expected: " << expected);
      BOOST_TEST(!std::filesystem::exists(scratch.path() / "run"), "a refused manifest leaves no work-dir");
    }
  }
  BOOST_TEST_MESSAGE(run_rows << " rows run"
                              << (left_out ? ", " + std::to_string(left_out) + " left out: they need the engine" : ""));
  BOOST_TEST(rows.size() >= 40u);
}

BOOST_AUTO_TEST_CASE(the_manifest_they_all_start_from_is_good) {
  const Scratch scratch;
  const auto folder = scratch.path() / "manifests";
  copy_manifests(folder);
  const Ran ran = vhost::test::vhost({"config", "--manifest", "good.json"}, folder);
  BOOST_TEST(ran.code == 0, ran.err);
  if (!has_engine()) return;
  const Ran dry =
      vhost::test::vhost({"--manifest", "good.json", "--dry-run", "--work-dir", scratch.path() / "run"}, folder);
  BOOST_TEST(dry.code == 0, dry.err);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
