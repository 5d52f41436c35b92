#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/files.h"
#include "manifest/manifest.h"
#include "wrong_manifests.h"

namespace fs = std::filesystem;
using vhost::canonical_json;
using vhost::Manifest;
using vhost_tests::kGood;
using vhost_tests::WrongRow;

namespace {

Manifest load(const std::string& text, const std::vector<std::string>& sets = {}) {
  Manifest manifest = vhost::parse_manifest(text, "exp.json", sets);
  vhost::validate_host(manifest);
  return manifest;
}

template <class Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const vhost::Error& error) {
    return error.what();
  }
  return "(no error)";
}

std::string changed(const WrongRow& row) {
  std::string text = kGood;
  if (row.replace.empty()) return row.by;
  const size_t at = text.find(row.replace);
  BOOST_REQUIRE_MESSAGE(at != std::string::npos, "no such text in the good manifest: " << row.replace);
  return text.replace(at, row.replace.size(), row.by);
}

void check_rows(const std::vector<WrongRow>& rows) {
  for (const WrongRow& row : rows) {
    BOOST_TEST_CONTEXT("row " << row.replace << " -> " << row.by) {
      BOOST_TEST(message_of([&] { load(changed(row)); }) == row.message);
    }
  }
}

// A folder of its own, gone at the end.
struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "vhost-manifest-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()));
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    vhost::make_directories((path / name).parent_path());
    vhost::write_file_atomically(path / name, text);
  }
  // The message without this folder's own name.
  std::string message(const std::string& name, const std::vector<std::string>& sets = {}) const {
    std::string text = message_of([&] {
      Manifest m = vhost::read_manifest(path / name, sets);
      validate_host(m);
    });
    const std::string prefix = path.string() + "/";
    for (size_t at; (at = text.find(prefix)) != std::string::npos;) text.erase(at, prefix.size());
    return text;
  }
  fs::path path;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(manifest_tests)

BOOST_AUTO_TEST_CASE(wrong_syntax_is_told_with_its_place) {
  check_rows(vhost_tests::kWrongSyntax);
}
BOOST_AUTO_TEST_CASE(wrong_values_are_told_with_place_and_pointer) {
  check_rows(vhost_tests::kWrongValues);
}

BOOST_AUTO_TEST_CASE(wrong_settings_are_told_with_the_setting) {
  for (const WrongRow& row : vhost_tests::kWrongSets) {
    BOOST_TEST_CONTEXT("row " << row.replace) {
      BOOST_TEST(message_of([&] { load(kGood, {row.replace}); }) == row.message);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_good_manifest_gets_its_defaults) {
  const Manifest manifest = load(kGood);
  BOOST_TEST(manifest.integer("/data/workers") == 2);
  BOOST_TEST(manifest.number("/data/normalize/mean/1") == 116.28);
  BOOST_TEST(manifest.boolean("/checkpoint/resume"));
  BOOST_TEST(manifest.string("/work_dir") == "work_dirs/small");
  BOOST_TEST(manifest.number("/losses/0/weight") == 1.0);
  BOOST_TEST(manifest.find("/ema")->is_null());
  BOOST_TEST(!manifest.has("/ema"));
  BOOST_TEST(!manifest.has("/schedule/steps"));
  BOOST_TEST(!manifest.has("/mask"));
  BOOST_TEST(load(kGood, {"name=null"}).string("/name") == "exp");
  BOOST_TEST(load(kGood, {"schedule.warmup_epochs=null"}).integer("/schedule/warmup_steps") == 0);
  BOOST_TEST(load(kGood, {"losses=[{\"use\": \"videomae/mse\"}]"}).string("/losses/0/head") == "main");
  BOOST_TEST(load(kGood, {"data.batch=1.6e1"}).integer("/data/batch") == 16);
  BOOST_TEST(manifest.integer("/data/accumulate") == 1);
  BOOST_TEST(load(kGood, {"data.total_batch=64"}).integer("/data/accumulate") == 8);
  BOOST_TEST(load(kGood, {"data.total_batch=64", "data.accumulate=8"}).integer("/data/accumulate") == 8);
  BOOST_TEST(load(kGood, {"optimizer.lr_scale_rule=linear"}).integer("/optimizer/base_batch") == 256);
}

BOOST_AUTO_TEST_CASE(each_task_needs_its_own_parts) {
  const std::string eval = "data.eval={\"use\": \"kinetics/clips\"}";
  for (const char* task : {"test", "predict", "extract"}) {
    BOOST_TEST_CONTEXT("task " << task) {
      const std::vector<std::string> sets = {std::string("task=") + task,
                                             eval,
                                             "optimizer=null",
                                             "schedule=null",
                                             "target=null",
                                             "losses=[]",
                                             "data.train=null"};
      BOOST_TEST(message_of([&] { load(kGood, sets); }) == "(no error)");
    }
  }
  BOOST_TEST(message_of([&] { load(kGood, {"task=train", "target=null"}); }) == "(no error)");
}

BOOST_AUTO_TEST_CASE(a_loss_that_reads_another_head_lets_it_learn) {
  const std::string head = "model.heads.aux={\"use\": \"videomae/decoder\"}";
  BOOST_TEST(message_of([&] { load(kGood, {head, "losses.0.in={\"other\": \"pred.aux.logits\"}"}); }) == "(no error)");
  BOOST_TEST(message_of([&] {
               load(kGood, {head, "losses=[{\"use\": \"videomae/mse\"}]"});
             }) ==
             "--set losses=[{\"use\": \"videomae/mse\"}]: /losses/0: missing key \"head\": whose predictions; heads: "
             "main, aux");
}

BOOST_AUTO_TEST_CASE(settings_take_json_and_bare_text_indices_and_pointers) {
  const Manifest manifest =
      load(kGood, {"data.batch=32", "losses.0.weight=0.5", "/data/train/list=b c.txt", "description=a=b",
                   "data.train.sizes.small=[1, 2]", "seed=7", "data.train.list2=\"5\"",
                   "losses.1={\"use\": \"videomae/mse\", \"head\": \"main\"}"});
  BOOST_TEST(manifest.integer("/data/batch") == 32);
  BOOST_TEST(manifest.number("/losses/0/weight") == 0.5);
  BOOST_TEST(manifest.string("/data/train/list") == "b c.txt");
  BOOST_TEST(manifest.string("/description") == "a=b");
  BOOST_TEST(manifest.integer("/data/train/sizes/small/1") == 2);
  BOOST_TEST(manifest.string("/data/train/list2") == "5");
  BOOST_TEST(manifest.string("/losses/1/head") == "main");
  BOOST_TEST(manifest.where("/data/train/sizes/small/1").str() == "--set data.train.sizes.small=[1, 2]");
  BOOST_TEST(manifest.where("/data/train").str() == "exp.json:7:5");
}

BOOST_AUTO_TEST_CASE(deleting_what_is_not_there_changes_nothing) {
  BOOST_TEST(canonical_json(load(kGood, {"data.predict.list=null", "ema=null"}).root) ==
             canonical_json(load(kGood).root));
}

BOOST_AUTO_TEST_CASE(layers_merge_and_keep_the_place_of_each_value) {
  const Folder folder;
  folder.write(
      "bases/a.json",
      R"({"seed": 1, "data": {"train": {"use": "k/clips", "frames": 16, "size": 64}, "batch": 4}, "ema": {}})");
  folder.write("bases/b.json",
               "{\"base\": \"a.json\",\n \"data\": {\"batch\": 0, \"workers\": 1}, \"losses\": [{\"use\": \"k/x\"}, "
               "{\"use\": \"k/y\"}]}");
  folder.write(
      "exp.json",
      R"({"base": ["bases/b.json"], "data": {"train": {"size": null}}, "ema": null, "losses": [{"use": "k/z"}]})");
  const Manifest manifest = vhost::read_manifest(folder.path / "exp.json", {});
  BOOST_TEST(
      canonical_json(manifest.root) ==
      R"({"data":{"batch":0,"train":{"frames":16,"use":"k/clips"},"workers":1},"losses":[{"use":"k/z"}],"seed":1})");
  const std::string top = folder.path.string();
  BOOST_TEST(manifest.where("/data/batch").str() == top + "/bases/b.json:2:11");
  BOOST_TEST(manifest.where("/data/train/frames").str() == top + "/bases/a.json:1:50");
  BOOST_TEST(manifest.where("/losses/0/use").str() == top + "/exp.json:1:88");
  BOOST_TEST(manifest.where("/losses/1/use").str() == top + "/exp.json:1:76");
  BOOST_TEST(manifest.where("/ema").str() == top + "/exp.json:1:1");
  BOOST_TEST(manifest.error("/data/batch", "is wrong").what() == top + "/bases/b.json:2:11: /data/batch: is wrong");
}

BOOST_AUTO_TEST_CASE(a_part_of_another_component_does_not_inherit_parameters) {
  const Folder folder;
  folder.write("a.json", R"({"mask": {"use": "v/tube", "ratio": 0.9}, "target": {"use": "v/pixels", "norm": true}})");
  folder.write("b.json",
               R"({"base": "a.json", "mask": {"use": "m/block", "size": 2}, "target": {"use": "v/pixels", "x": 1}})");
  const Manifest manifest = vhost::read_manifest(folder.path / "b.json", {});
  BOOST_TEST(canonical_json(manifest.root) ==
             R"({"mask":{"size":2,"use":"m/block"},"target":{"norm":true,"use":"v/pixels","x":1}})");
  BOOST_TEST(manifest.where("/mask/ratio").str() == folder.path.string() + "/b.json:1:20");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_with_a_base_is_told_where_it_is_wrong) {
  const Folder folder;
  folder.write("missing.json", "{\n  \"base\": [\"no.json\"]}");
  folder.write("cycle.json", "{\"base\": \"sub/other.json\"}");
  folder.write("sub/other.json", "{\"base\": [\"../cycle.json\"]}");
  folder.write("number.json", "{\"base\": [\"good.json\", 3]}");
  folder.write("object.json", "{\"base\": {}}");
  folder.write("list.json", "{\"base\": \"inner.json\"}");
  folder.write("inner.json", "[1]");
  folder.write("broken.json", "{\"base\": \"comma.json\"}");
  folder.write("comma.json", "{\"a\": 1,, }");
  folder.write("folder.json", "{\"base\": \"sub\"}");
  folder.write("good.json", kGood);
  folder.write("twice.json", "{\"base\": [\"good.json\", \"good.json\"], \"data\": {\"batch\": 0}}");
  folder.write("child.json", "{\"base\": \"worse.json\", \"seed\": 3}");
  folder.write("worse.json", "{\"base\": \"good.json\", \"data\": {\"batch\": -1}}");
  BOOST_TEST(folder.message("missing.json") ==
             "missing.json:2:12: /base/0: can't read no.json: No such file or directory");
  BOOST_TEST(folder.message("cycle.json") ==
             "sub/other.json:1:11: /base/0: bases form a cycle: cycle.json -> sub/other.json -> cycle.json");
  BOOST_TEST(folder.message("number.json") == "number.json:1:24: /base/1: must be a file name, not 3");
  BOOST_TEST(folder.message("object.json") ==
             "object.json:1:2: /base: must be a file name or a list of them, not an object");
  BOOST_TEST(folder.message("list.json") == "inner.json:1:1: a manifest must be an object, not a list");
  BOOST_TEST(folder.message("broken.json") == "comma.json:1:9: found \",\", expected a key in double quotes or }");
  BOOST_TEST(folder.message("folder.json") == "folder.json:1:2: /base: can't read sub: it is a folder, not a file");
  BOOST_TEST(folder.message("twice.json") == "twice.json:1:47: /data/batch: must be at least 1, not 0");
  BOOST_TEST(folder.message("child.json") == "worse.json:1:32: /data/batch: must be at least 1, not -1");
  BOOST_TEST(folder.message("child.json", {"data.batch=2"}) == "(no error)");
  BOOST_TEST(folder.message("gone.json") == "can't read gone.json: No such file or directory");
}

BOOST_AUTO_TEST_CASE(a_tree_of_bases_that_explodes_is_refused) {
  const Folder folder;
  for (int i = 0; i < 12; ++i) {
    const std::string next = std::to_string(i + 1) + ".json";
    folder.write(std::to_string(i) + ".json", "{\"base\": [\"" + next + "\", \"" + next + "\"]}");
  }
  folder.write("12.json", "{}");
  BOOST_TEST(folder.message("0.json").find("more than 256 base files") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(parts_are_visited_in_order_with_interface_and_host_keys) {
  Manifest manifest =
      load(kGood, {"data.train.transform={\"use\": \"not a part\"}", "mask={\"use\": \"videomae/tube\"}"});
  std::string seen;
  each_part(manifest, [&](const std::string& pointer, vhost::json::object& part) {
    seen += pointer + " " + std::string(part.at("use").as_string()) + " " + vhost::part_interface(pointer) + "\n";
    part["touched"] = vhost::part_host_keys(pointer).size();
  });
  BOOST_TEST(seen ==
             "/data/train kinetics/clips vh.dataset/1\n/model/backbone videomae/vit vh.backbone/1\n"
             "/model/heads/main videomae/decoder vh.head/1\n/mask videomae/tube vh.mask/1\n"
             "/target videomae/pixels vh.target/1\n/losses/0 videomae/mse vh.loss/1\n");
  BOOST_TEST(manifest.at("/losses/0/touched").to_number<int>() == 4);
  BOOST_TEST(manifest.at("/mask/touched").to_number<int>() == 3);
}

BOOST_AUTO_TEST_CASE(parameters_of_a_part_are_validated_and_filled) {
  const vhost::json::value schema =
      vhost::parse_json(R"({"type": "object", "additionalProperties": false, "required": ["list"], "properties": {
    "list": {"type": "string"}, "frames": {"type": "integer", "default": 16, "minimum": 1},
    "crop": {"type": "object", "default": {}, "additionalProperties": false, "properties": {"size": {"type": ["integer", "null"], "default": null}}},
    "sampling": {"type": "string", "enum": ["uniform", "mmaction"], "default": "uniform"}}})",
                        "s")
          .root;
  vhost::check_schema(schema.as_object(), "s", "");
  const auto check = [&](const std::vector<std::string>& sets) {
    Manifest manifest = load(kGood, sets);
    vhost::json::object& part = manifest.root.at("data").at("train").as_object();
    validate(manifest, "/data/train", part, schema.as_object(), vhost::part_host_keys("/data/train"));
    return canonical_json(part);
  };
  BOOST_TEST(
      check({}) ==
      R"({"crop":{"size":null},"frames":16,"list":"a.txt","sampling":"uniform","skip":"","use":"kinetics/clips"})");
  const auto wrong = [&](const std::string& set) { return message_of([&] { check({set}); }); };
  BOOST_TEST(wrong("data.train.list=null") == "exp.json:7:5: /data/train: missing key \"list\"");
  BOOST_TEST(wrong("data.train.frame=8") ==
             "--set data.train.frame=8: /data/train/frame: unknown key \"frame\" (did you mean \"frames\"?)");
  BOOST_TEST(wrong("data.train.crop.size=a") ==
             "--set data.train.crop.size=a: /data/train/crop/size: must be an integer or null, not \"a\"");
  BOOST_TEST(wrong("data.train.sampling=unifrom") ==
             "--set data.train.sampling=unifrom: /data/train/sampling: must be one of \"uniform\", \"mmaction\"; not "
             "\"unifrom\" (did you "
             "mean \"uniform\"?)");
}

BOOST_AUTO_TEST_CASE(a_schema_outside_the_subset_is_refused) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {R"({"typ": "integer"})", "p.json: /s/typ: unknown schema keyword \"typ\" (did you mean \"type\"?)"},
      {R"({"type": "int"})", "p.json: /s/type: must be a JSON type, not \"int\""},
      {R"({"type": ["integer", 3]})", "p.json: /s/type: must be a list of JSON types, not 3"},
      {R"({"minimum": "1"})", "p.json: /s/minimum: must be a number, not \"1\""},
      {R"({"minItems": -1})", "p.json: /s/minItems: must be a count, not -1"},
      {R"({"enum": []})", "p.json: /s/enum: must be a list with items, not a list"},
      {R"({"pattern": "("})", "p.json: /s/pattern: is no regular expression: "},
      {R"({"properties": {"a": 1}})", "p.json: /s/properties/a: must be a schema (an object), not 1"},
      {R"({"required": ["a"]})", "p.json: /s/required: must be a list of keys in \"properties\", not \"a\""},
      {R"({"properties": {"a": {"type": "integer", "minimum": 1, "default": 0}}})",
       "p.json: /s/properties/a/default: the default must be at least 1, not 0"},
      {R"({"type": "string", "default": {}})", "p.json: /s/default: the default must be a string, not an object"}};
  for (const auto& [text, message] : rows) {
    BOOST_TEST_CONTEXT("row " << text) {
      const auto schema = vhost::parse_json(text, "").root.as_object();
      BOOST_TEST(message_of([&] { vhost::check_schema(schema, "p.json", "/s"); }).substr(0, message.size()) == message);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_hosts_schema_is_of_the_subset_and_every_key_is_described) {
  vhost::check_schema(vhost::host_schema(), "host", "");
  const std::string reference = vhost::manifest_reference();
  BOOST_TEST(reference.find("|  |\n") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_documentation_holds_the_reference_of_today) {
  const char* source = std::getenv("VHOST_SOURCE_DIR");
  if (!source) {
    BOOST_TEST_MESSAGE("skipped: VHOST_SOURCE_DIR is not set");
    return;
  }
  const std::string text = vhost::read_file(fs::path(source) / "docs/manifest.md");
  const std::string reference = vhost::manifest_reference();
  if (text.find(reference) == std::string::npos) vhost::write_file_atomically("manifest_reference.md", reference);
  BOOST_TEST((text.find(reference) != std::string::npos),
             "docs/manifest.md is out of date: put " << fs::absolute("manifest_reference.md") << " into it");
}

BOOST_AUTO_TEST_CASE(mutated_manifests_only_ever_throw_the_hosts_error) {
  std::mt19937 random(20240229);
  const auto below = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); };
  const std::vector<std::string> words = {"{",    "}",        "[",       "]",     ",",       ":",
                                          "\"",   "null",     "-1",      "1e400", "\"use\"", "/*",
                                          "//",   "\\u0000",  "\\ud800", "\xFF",  "0.5",     "\"base\": \"exp.json\",",
                                          "true", "\"main\"", "{}",      "[]",    "\"\""};
  int valid = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = kGood;
    for (size_t edits = 1 + below(3); edits > 0; --edits) {
      const size_t at = below(text.size());
      switch (below(4)) {
        case 0:
          text.erase(at, 1 + below(8));
          break;
        case 1:
          text.insert(at, words[below(words.size())]);
          break;
        case 2:
          text[at] = static_cast<char>(below(256));
          break;
        default:
          text.replace(at, 1 + below(12), text.substr(below(text.size()), 1 + below(30)));
      }
    }
    try {
      load(text, {"data.batch=" + std::to_string(below(9))});
      ++valid;
    } catch (const vhost::Error& error) {
      if (std::string(error.what()).empty()) BOOST_ERROR("empty message for " << text);
    } catch (const std::exception& error) {
      BOOST_ERROR("round " << round << ": " << error.what() << " for\n" << text);
    }
  }
  BOOST_TEST_MESSAGE(valid << " of 20000 mutated manifests are still valid");
  BOOST_TEST(valid < 20000);
}

BOOST_AUTO_TEST_SUITE_END()
