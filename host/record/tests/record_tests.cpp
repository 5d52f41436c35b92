#include <boost/test/unit_test.hpp>

#include "../../plugins/tests/packages.h"
#include "record/machine.h"
#include "record/rerun.h"
#include "record/weights.h"
#include "vhost/random.h"

using namespace vhost;
using namespace vhost::test;

namespace fs = std::filesystem;

namespace {

// A record of a run with toy 1.0.0, a list of clips and weights to begin with, all of them there.
struct Scene : TempFolder {
  Scene() {
    write_text(path / "libtoy.so", "code");
    write_package(path / "plugins", metadata("toy", "1.0.0"), path / "libtoy.so");
    found = find_packages({path / "plugins"});
    write_text(path / "list.txt", "a.mp4 0\n");
    write_text(path / "pre/checkpoints/step-4/model.safetensors", "weights");
    write_text(path / "pre/checkpoints/step-4/state.json", "{}");
    const std::string folder = path.string();
    record.file = path / "record.json";
    record.task = "train";
    record.folder = folder, record.work_dir = "run";
    record.manifest = parse_manifest("{\"data\": {\"train\": {\"use\": \"toy/clips\", \"list\": \"" + folder +
                                         "/list.txt\", \"more\": [\"none\", {\"x\": \"" + folder +
                                         "/list.txt\"}]}}, \"init\": {\"from\": \"" + folder + "/pre\"}}",
                                     "exp.json", {});
    record.config_sha256 = config_sha256(record.manifest);
    record.lock["toy"] = locked(found.packages.at(0), "^1.0");
    record.data["/data/train"] = {"n=1", files_of(record.manifest, "/data/train")};
    const fs::path weights = weights_at(path / "pre");
    record.weights["/init/from"] = {weights.string(), weights_sha256(weights)};
    Start start;
    start.vhost = "0.1.0", start.cpu = "a CPU", start.threads = 2;
    start.environment["OMP_NUM_THREADS"] = "2";
    start.config_sha256 = record.config_sha256, start.lock_sha256 = lock_sha256(record.lock);
    record.history.push_back(start);
  }

  std::string problems() {
    std::string text;
    for (const std::string& line : record_problems(record, found)) text += line + "\n";
    for (const std::string& line : input_problems(record)) text += line + "\n";
    return text;
  }

  Found found;
  Record record;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(record_tests, Scene)

BOOST_AUTO_TEST_CASE(a_record_is_read_back_as_it_was_written) {
  record.inputs = {"a.mp4"}, record.output = "out.json", record.top_k = 3, record.seed = 7;
  const std::string text = record_text(record);
  const Record again = parse_record(text, record.file);
  BOOST_TEST(record_text(again) == text);
  BOOST_TEST(again.manifest.error("/init/from", "x").what() ==
             again.file.string() + ":" + std::to_string(again.manifest.where("/init/from").line) + ":7: /init/from: x");
  BOOST_TEST((again.lock == record.lock));
}

BOOST_AUTO_TEST_CASE(files_are_found_wherever_a_parameter_names_them) {
  const auto files = files_of(record.manifest, "/data/train");
  BOOST_TEST(files.size() == 2u);
  BOOST_TEST(files.at("/data/train/list") == sha256_hex("a.mp4 0\n"));
  BOOST_TEST(files.at("/data/train/more/1/x") == sha256_hex("a.mp4 0\n"));
}

BOOST_AUTO_TEST_CASE(a_run_s_checkpoints_have_names) {
  const fs::path run = path / "pre", steps = run / "checkpoints";
  write_text(steps / "step-8/state.json", R"({"best": {"step": 4}})");
  write_text(steps / "step-9/model.safetensors", "cut off");
  BOOST_TEST(weights_at(run) == steps / "step-8");
  BOOST_TEST(weights_at(run / "last") == steps / "step-8");
  BOOST_TEST(weights_at(run / "best") == steps / "step-4");
  BOOST_TEST(weights_at(run / "step-4") == steps / "step-4");
  const auto refused = [](const fs::path& name, const std::string& text) {
    BOOST_CHECK_EXCEPTION(weights_at(name), Error, [&](const Error& e) { return e.message() == name.string() + text; });
  };
  refused(run / "first", ": no such file or folder");
  refused(path / "best", ": no such file or folder");
  const auto lacks = [&](const Error& e) {
    return e.message() == run.string() + ": holds no complete checkpoint step-9; there are step-4, step-8";
  };
  BOOST_CHECK_EXCEPTION(weights_at(run / "step-9"), Error, lacks);
  write_text(run / "best", "a file of that name");
  BOOST_TEST(weights_at(run / "best") == run / "best");
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_named_all_at_once) {
  BOOST_TEST(problems() == "");
  write_text(path / "list.txt", "b.mp4 0\n");
  write_text(path / "pre/checkpoints/step-8/model.safetensors", "others");
  write_text(path / "pre/checkpoints/step-8/state.json", "{}");
  record.inputs = {"nowhere.mp4"};
  record.manifest.root["seed"] = 8;
  record.lock.at("toy").version = "1.0.1";
  const std::string text = problems(), list = path.string() + "/list.txt";
  for (const std::string& line :
       {std::string("the manifest in the record was altered: its sha256 is "),
        std::string("\nthe lock in the record was altered: its sha256 is "),
        std::string("\ntoy 1.0.1 isn't installed: there are 1.0.0\n"),
        "\n/data/train/list: " + list + " has changed: its sha256 is ",
        "\n/data/train/more/1/x: " + list + " has changed",
        "\n/init/from: " + path.string() + "/pre/checkpoints/step-8/model.safetensors has changed: its sha256 is ",
        " (of " + path.string() + "/pre/checkpoints/step-4)\n", std::string("\nnowhere.mp4: no such file\n")})
    BOOST_TEST(text.find(line) != std::string::npos, line << "\nis not in\n" << text);
  fs::remove(list);
  fs::remove_all(path / "pre");
  BOOST_TEST(problems().find("/data/train/list: can't read " + list + ": No such file") != std::string::npos);
  BOOST_TEST(problems().find("/init/from: " + path.string() + "/pre: no such file or folder") != std::string::npos);
  BOOST_TEST(error_of([&] {
               refuse_rerun(record, {"a", "b"});
             }) == record.file.string() +
                       ": the run can't be made again:\n  a\n  b\n  bring these back as they were, or begin a run of "
                       "its own with --manifest");
}

BOOST_AUTO_TEST_CASE(a_library_that_is_not_what_its_metadata_says_is_named) {
  const fs::path library = found.packages.at(0).library;
  write_text(library, "other code");
  BOOST_TEST(problems().starts_with("toy 1.0.0: " + library.string() + " has changed: its sha256 is "));
  fs::remove(library);
  BOOST_TEST(problems() == "toy 1.0.0: can't read " + library.string() + ": No such file or directory\n");
}

BOOST_AUTO_TEST_CASE(what_may_change_results_is_warned_of) {
  Start now = record.history[0];
  BOOST_TEST(rerun_warnings(record, now).empty());
  now.vhost = "0.2.0", now.threads = 16, now.environment = {{"MKL_CBWR", "AVX2"}};
  const std::vector<std::string> wanted = {"vhost was 0.1.0 and is 0.2.0", "the number of threads was 2 and is 16",
                                           "MKL_CBWR was not set and is \"AVX2\"",
                                           "OMP_NUM_THREADS was \"2\" and is not set"};
  BOOST_TEST(rerun_warnings(record, now) == wanted, boost::test_tools::per_element());
  record.history.insert(record.history.begin(), record.history[0]);
  record.history[0].lock_sha256 = "other";
  record.history[1].step = 40;
  BOOST_TEST(rerun_warnings(record, record.history[1]).at(0) ==
             "the run was begun with another manifest or other plugins, and resumed with these at step 40");
}

BOOST_AUTO_TEST_CASE(a_broken_record_is_an_error_at_its_place) {
  const std::string good = record_text(record);
  const auto error = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    BOOST_REQUIRE(text.find(from) != std::string::npos);
    text.replace(text.find(from), from.size(), to);
    return error_of([&] { parse_record(text, "record.json"); });
  };
  BOOST_TEST(error("\"vhost_record\"", "\"vhost\"") ==
             "record.json: is no record of a run: the key \"vhost_record\" is missing");
  BOOST_TEST(error("\"vhost_record\": 1", "\"vhost_record\": 9") ==
             "record.json:2:3: /vhost_record: is 9, this vhost reads version 1 of the format: use the vhost that wrote "
             "it");
  BOOST_TEST(
      error("\"task\": \"train\"", "\"task\": 1").starts_with("record.json:3:3: /task: must be a string, not 1"));
  BOOST_TEST(error("\"seed\"", "\"sede\"") == "record.json:1:1: /seed: is missing");
  BOOST_TEST(error("\"1.0.0\"", "\"1\"").find("/lock/plugins/toy/version: \"1\" is no version") != std::string::npos);
  BOOST_TEST(
      error("\"history\": [", "\"history\": [], \"old\": [").find("/history: must be a list with the run's start") !=
      std::string::npos);
  BOOST_TEST(error("{", "{{").starts_with("record.json:1:2: "));
  BOOST_TEST(error_of([&] { read_record(path); }) ==
             path.string() + ": holds no record.json: a run's work-dir or its record is wanted");
  write_text(path / "test.record.json", good);
  BOOST_TEST(read_record(path).task == "train");
}

// A record holds a lock too, so both readers are tried.
BOOST_AUTO_TEST_CASE(mutated_records_are_read_or_refused_and_nothing_else) {
  const std::string good = record_text(record);
  vh_random random = vh_random_from(7);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text = good;
    for (int64_t n = 1 + vh_random_below(&random, 3); n > 0; --n) {
      const auto at = static_cast<size_t>(vh_random_below(&random, static_cast<int64_t>(text.size())));
      const int64_t kind = vh_random_below(&random, 4);
      if (kind == 0) text[at] = static_cast<char>(vh_random_below(&random, 256));
      if (kind == 1) text[at] = "{}[],:\"0"[vh_random_below(&random, 8)];
      if (kind == 2) text.erase(at, static_cast<size_t>(vh_random_below(&random, 40)));
      if (kind == 3) text.insert(at, text.substr(at / 2, 20));
    }
    try {
      const Record read = parse_record(text, "record.json");
      record_problems(read, found);
    } catch (const Error&) {
      ++refused;
    }
  }
  BOOST_TEST(refused > 1000);
  BOOST_TEST(refused < 3000);
}

BOOST_AUTO_TEST_CASE(only_variables_that_change_results_are_kept) {
  setenv("ONEDNN_MAX_CPU_ISA", "AVX2", 1);
  setenv("HOMEWORK", "x", 1);
  const auto environment = result_environment();
  unsetenv("ONEDNN_MAX_CPU_ISA");
  BOOST_TEST(environment.at("ONEDNN_MAX_CPU_ISA") == "AVX2");
  BOOST_TEST(!environment.contains("HOMEWORK"));
  BOOST_TEST(!environment.contains("HOME"));
}

BOOST_AUTO_TEST_SUITE_END()
