#include <ATen/ATen.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "base/files.h"
#include "keymaps/classes.h"
#include "keymaps/config_file.h"
#include "keymaps/convert.h"
#include "keymaps/detect.h"

using namespace vhost;

namespace {

constexpr const char* kHead =
    R"({"family": "other", "title": "Another project", "backbone": "toy/net", "heads": ["toy/head"],
  "export": ["other"], "under": ["", "model"], "variables": {"wb": ["weight", "bias"]}, "detect": {"has": ["net.{i}.w"]},)";

KeyMap map_of(const std::string& rules, const std::string& ignore = "[]") {
  return parse_keymap(kHead + ("\"rules\": " + rules + ", \"ignore\": " + ignore + "}"), "other.json", "toy");
}

std::string refusal(const std::function<void()>& what) {
  try {
    what();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

void check_refused(const std::string& want, const std::function<void()>& what) {
  const std::string got = refusal(what);
  BOOST_CHECK_MESSAGE(got.find(want) != std::string::npos, "\"" + got + "\" lacks \"" + want + "\"");
}

ForeignCheckpoint file_with(const std::vector<std::string>& names) {
  ForeignCheckpoint file;
  for (const std::string& name : names) file.tensors[name] = at::ones({2});
  return file;
}

ConvertRequest request_of(const std::set<std::string>& model = {}) {
  ConvertRequest request;
  request.file = "f.pth";
  if (!model.empty()) request.model = model;
  return request;
}

const char* const kRows = R"([{"from": ["q", null, "v"], "to": "backbone.qkv"}])";
const char* const kSplit = R"([{"from": "qkv", "to": ["backbone.q", null, "backbone.v"]}])";

}  // namespace

BOOST_AUTO_TEST_SUITE(keymap_tests)

BOOST_AUTO_TEST_CASE(a_pattern_takes_numbers_and_listed_words_only) {
  const KeyPattern pattern("blocks.{i}.fc{j}.{wb}", {{"wb", {"weight", "bias"}}});
  const auto got = pattern.match("blocks.12.fc1.bias");
  BOOST_REQUIRE(got);
  BOOST_TEST(got->find("i")->second == "12");
  BOOST_TEST(pattern.fill(*got) == "blocks.12.fc1.bias");
  for (const char* name :
       {"blocks.x.fc1.bias", "blocks..fc1.bias", "blocks.1.fc1.gain", "blocks.1.fc1.bias.x", "a.blocks.1.fc1.bias"})
    BOOST_CHECK_MESSAGE(!pattern.match(name), name);
  const KeyPattern twice("a.{i}.b.{i}", {});
  BOOST_TEST(twice.match("a.3.b.3").has_value());
  BOOST_TEST(!twice.match("a.3.b.4").has_value());
}

BOOST_AUTO_TEST_CASE(a_wrong_map_is_refused_with_its_place) {
  check_refused("other.json:2:", [] { map_of(R"([{"from": "a.{x}", "to": "b.{x}"}])"); });
  check_refused("{x} isn't among the map's \"variables\"", [] { map_of(R"([{"from": "a.{x}", "to": "b.{x}"}])"); });
  check_refused("has other variables than", [] { map_of(R"([{"from": "a.{i}", "to": "b"}])"); });
  check_refused("has several names on both sides", [] { map_of(R"([{"from": ["a", "b"], "to": ["c", "d"]}])"); });
  check_refused("say in \"because\" why", [] { map_of(R"([{"from": "a", "to": "b", "heads": ["toy/head"]}])"); });
  check_refused("holds more than one -1",
                [] { map_of(R"([{"from": "a", "to": "b", "reshape": {"theirs": [-1], "ours": [-1, -1]}}])"); });
  check_refused("isn't among the map's \"export\"", [] { map_of(R"([{"from": "a", "to": "b", "export": "hf"}])"); });
  check_refused("did you mean \"spare\"", [] { map_of(R"([{"from": "a", "to": "b", "spar": "x"}])"); });
}

BOOST_AUTO_TEST_CASE(a_family_is_told_by_its_names_below_any_wrapper) {
  const std::vector<KeyMap> maps{map_of(R"([{"from": "net.{i}.w", "to": "backbone.{i}"}])")};
  for (const char* name : {"net.0.w", "model.net.0.w", "module.net.0.w", "model.module._orig_mod.net.0.w"}) {
    const auto family = find_family(file_with({name, "epoch.x"}), maps, {"", "", "f.pth", "--family"});
    BOOST_REQUIRE_MESSAGE(family, name);
    BOOST_TEST(family->tensors.count("net.0.w") == 1u);
  }
  const FamilyWish wish{"", "", "f.pth", "--family"};
  BOOST_TEST(!find_family(file_with({"weird"}), maps, wish).has_value());
  const std::string none = no_family(file_with({"weird"}), maps, wish).what();
  for (const char* part : {"f.pth: its names are of no known family",
                           "other (Another project, for toy/net): \"net.{i}.w\"", "has \"weird\"", "--family"})
    BOOST_CHECK_MESSAGE(none.find(part) != std::string::npos, none + " lacks " + part);
}

BOOST_AUTO_TEST_CASE(ambiguous_and_foreign_and_unknown_families_are_errors) {
  const KeyMap map = map_of(R"([{"from": "net.{i}.w", "to": "backbone.{i}"}])");
  KeyMap second = map;
  second.family = "second", second.title = "A fork";
  const ForeignCheckpoint file = file_with({"net.0.w"});
  check_refused(
      "of several families; say which with init.family:\n  other (Another project, for toy/net)\n  second (A fork",
      [&] {
        find_family(file, {map, second}, {"", "", "f.pth", "init.family"});
      });
  check_refused("names are those of another backbone than toy/vit", [&] {
    find_family(file, {map}, {"", "toy/vit", "f.pth", "init.family"});
  });
  check_refused("init.family: there is no family \"othr\" (did you mean \"other\"?)", [&] {
    find_family(file, {map}, {"othr", "", "f.pth", "init.family"});
  });
  const std::vector<KeyMap> maps{map, second};
  BOOST_TEST(find_family(file, maps, {"second", "", "f.pth", "init.family"})->map->title == "A fork");
}

BOOST_AUTO_TEST_CASE(a_name_with_and_without_a_wrapper_is_refused) {
  const std::vector<KeyMap> maps{map_of(R"([{"from": "net.{i}.w", "to": "backbone.{i}"}])")};
  for (const char* forced : {"", "other"})
    check_refused("f.pth: holds \"net.0.w\" twice, with and without \"module.\"", [&] {
      find_family(file_with({"net.0.w", "module._orig_mod.net.0.w"}), maps, {forced, "", "f.pth", "--family"});
    });
  ForeignCheckpoint file = file_with({"module.net.0.w"});
  file.unread["module.net.1.w"] = "tensor of torch.float8";
  BOOST_TEST(find_family(file, maps, {"", "", "f.pth", ""})->unread.count("net.1.w") == 1u);
}

BOOST_AUTO_TEST_CASE(two_of_ours_that_become_one_of_theirs_are_refused) {
  const KeyMap map = map_of(R"([{"from": "n", "to": "backbone.n"}, {"from": "n", "to": "heads.n"}])");
  check_refused("f.pth: \"heads.n\" and another tensor both become \"n\"", [&] {
    to_theirs(map, {{"backbone.n", at::ones({1})}, {"heads.n", at::zeros({1})}}, request_of());
  });
}

BOOST_AUTO_TEST_CASE(rows_are_joined_with_zeros_and_split_again) {
  const KeyMap map = map_of(kRows);
  const std::map<std::string, at::Tensor> theirs{{"q", at::ones({2})}, {"v", at::full({2}, 3)}};
  const Converted got = to_ours(map, theirs, request_of());
  BOOST_TEST(at::equal(got.tensors.at("backbone.qkv"), at::tensor({1.f, 1.f, 0.f, 0.f, 3.f, 3.f})));
  const auto back = to_theirs(map, got.tensors, request_of());
  BOOST_TEST(back.size() == 2u);
  BOOST_TEST(at::equal(back.at("q"), theirs.at("q")));
  BOOST_TEST(at::equal(back.at("v"), theirs.at("v")));
}

BOOST_AUTO_TEST_CASE(a_bias_of_the_keys_that_is_not_zero_is_refused_both_ways) {
  const at::Tensor full = at::tensor({1.f, 0.5f, 3.f});
  check_refused("part 2 of 3 of \"qkv\" isn't zero (largest 0.5)", [&] {
    to_ours(map_of(kSplit), {{"qkv", full}}, request_of());
  });
  check_refused("part 2 of 3 of \"backbone.qkv\" isn't zero", [&] {
    to_theirs(map_of(kRows), {{"backbone.qkv", full}}, request_of());
  });
  const KeyMap map =
      map_of(R"([{"from": "a", "to": "b"}])", R"([{"key": "k.bias", "because": "keys have no bias", "zero": true}])");
  check_refused("f.pth: \"k.bias\" isn't zero (keys have no bias)", [&] {
    to_ours(map, {{"k.bias", full}}, request_of());
  });
}

BOOST_AUTO_TEST_CASE(parts_that_are_missing_or_of_other_shapes_are_refused) {
  check_refused("has \"q\" but not \"v\"; \"backbone.qkv\" is made of both", [] {
    to_ours(map_of(kRows), {{"q", at::ones({2})}}, request_of());
  });
  check_refused("\"v\" has shape [3], \"q\" has [2]", [] {
    to_ours(map_of(kRows), {{"q", at::ones({2})}, {"v", at::ones({3})}}, request_of());
  });
  check_refused("\"qkv\" has shape [4]; want 3 equal parts", [] {
    to_ours(map_of(kSplit), {{"qkv", at::ones({4})}}, request_of());
  });
  check_refused("\"t\" has shape [2, 2], want [-1]", [] {
    to_ours(map_of(R"([{"from": "t", "to": "b", "reshape": {"theirs": [-1], "ours": [1, 1, -1]}}])"),
            {{"t", at::ones({2, 2})}}, request_of());
  });
}

BOOST_AUTO_TEST_CASE(shapes_that_no_rule_expects_are_refused_without_libtorchs_words) {
  check_refused("\"q\" is a single number; \"backbone.qkv\" wants rows", [] {
    to_ours(map_of(kRows), {{"q", at::ones({})}, {"v", at::ones({})}}, request_of());
  });
  const KeyMap map = map_of(R"([{"from": "t", "to": "b", "reshape": {"theirs": [-1], "ours": [2, -1]}}])");
  check_refused("\"t\" has shape [3], which doesn't make [2, -1]", [&] {
    to_ours(map, {{"t", at::ones({3})}}, request_of());
  });
}

BOOST_AUTO_TEST_CASE(what_a_model_lacks_is_unexpected_but_for_spare_names) {
  const KeyMap map = map_of(
      R"([{"from": "a", "to": "backbone.a"}, {"from": "b", "to": "backbone.b", "spare": "training alone uses it"},
                               {"from": "c", "to": "heads.{head}.c"}])");
  const at::Tensor one = at::ones({1});
  ConvertRequest request = request_of({"backbone.x"});
  request.prefix = "backbone.";
  const Converted got = to_ours(map, {{"a", one}, {"b", one}, {"c", one}, {"d", one}}, request);
  BOOST_TEST(got.tensors.empty());
  const std::vector<std::string> unexpected{"a", "d"};
  BOOST_TEST(got.unexpected == unexpected);
  BOOST_REQUIRE(got.left_out.size() == 2u);
  BOOST_TEST(got.left_out[1].second == "not under \"backbone.\"");
  BOOST_TEST(got.left_out[0].second == "training alone uses it");
  check_refused("Another project has no names for \"backbone.q\"", [&] {
    to_theirs(map, {{"backbone.q", one}}, request_of());
  });
}

BOOST_AUTO_TEST_CASE(a_rule_for_some_heads_leaves_other_models_as_they_were_made) {
  const KeyMap map =
      map_of(R"([{"from": "n", "to": "backbone.n", "heads": ["toy/pre"], "option": "norm", "because": "made anew"}])");
  ConvertRequest request = request_of({"backbone.n"});
  request.components = {"toy/head"};
  const Converted fresh = to_ours(map, {{"n", at::ones({1})}}, request);
  BOOST_TEST(fresh.tensors.empty());
  BOOST_TEST(fresh.fresh.count("backbone.n") == 1u);
  request.options = {"norm"};
  BOOST_TEST(to_ours(map, {{"n", at::ones({1})}}, request).tensors.size() == 1u);
  request.options.clear(), request.components = {"toy/pre"};
  BOOST_TEST(to_ours(map, {{"n", at::ones({1})}}, request).tensors.size() == 1u);
}

BOOST_AUTO_TEST_CASE(kernels_of_pictures_get_a_time_axis_and_lose_it_by_a_sum) {
  const KeyMap map = map_of(R"([{"from": "w", "to": "backbone.w", "kernel": "2d"}])");
  const at::Tensor flat = at::arange(4, at::kFloat).view({1, 1, 2, 2});
  const Converted got = to_ours(map, {{"w", flat}}, request_of());
  BOOST_TEST(got.tensors.at("backbone.w").sizes() == at::IntArrayRef({1, 1, 1, 2, 2}));
  const auto back = to_theirs(map, {{"backbone.w", flat.unsqueeze(2).expand({1, 1, 3, 2, 2})}}, request_of());
  BOOST_TEST(at::equal(back.at("w"), 3 * flat));
}

BOOST_AUTO_TEST_CASE(every_shipped_map_is_well_formed) {
  const std::filesystem::path plugins = std::filesystem::path(std::getenv("VHOST_SOURCE_DIR")) / "plugins";
  int found = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(plugins)) {
    if (entry.path().parent_path().filename() != "keymaps") continue;
    const KeyMap map = read_keymap(entry.path(), "x");
    BOOST_TEST(map.family == entry.path().stem().string());
    BOOST_TEST(map.backbone.substr(0, map.backbone.find('/')) ==
               entry.path().parent_path().parent_path().filename().string());
    ++found;
  }
  BOOST_TEST(found > 0);
}

BOOST_AUTO_TEST_CASE(the_documentation_s_example_is_a_map) {
  const std::string page = read_file(std::filesystem::path(std::getenv("VHOST_SOURCE_DIR")) / "docs/keymaps.md");
  const std::string fence = "```jsonc\n";
  const size_t begin = page.find(fence) + fence.size();
  const KeyMap map = parse_keymap(page.substr(begin, page.find("```", begin) - begin), "keymaps.md", "net");
  BOOST_TEST(map.rules.size() == 6u);
}

BOOST_AUTO_TEST_CASE(blocks_of_stages_are_counted_through_and_back) {
  KeyMap map = map_of(R"([{"from": "blocks.{i}.w", "to": "backbone.blocks.{i}.w"}])");
  map.stages = Stages{"stages", "blocks", "backbone.blocks.{i}.w"};
  const std::map<std::string, at::Tensor> theirs{{"stages.0.blocks.0.w", at::ones({2})},
                                                 {"stages.1.blocks.0.w", at::ones({4})},
                                                 {"stages.1.blocks.1.w", at::full({4}, 5)},
                                                 {"stages.2.blocks.0.w", at::ones({8})}};
  const Converted got = to_ours(map, theirs, request_of());
  BOOST_TEST(got.tensors.size() == 4u);
  BOOST_TEST(at::equal(got.tensors.at("backbone.blocks.2.w"), at::full({4}, 5)));
  const auto back = to_theirs(map, got.tensors, request_of());
  BOOST_TEST(back.size() == 4u);
  for (const auto& [name, tensor] : theirs) BOOST_TEST(at::equal(back.at(name), tensor));
}

BOOST_AUTO_TEST_CASE(a_config_takes_what_is_known_first_and_refuses_what_nothing_tells) {
  const auto map_with = [](const std::string& values) {
    const std::string rules =
        R"("rules": [{"from": "w", "to": "backbone.w"}], "config": {"file": "c.json", "beside": "m", "values": )";
    return parse_keymap(kHead + rules + values + "}}", "other.json", "toy");
  };
  const std::map<std::string, at::Tensor> ours{{"backbone.w", at::ones({6, 4})}};
  const json::value manifest = json::parse(R"({"size": "base"})");
  const ConfigSource source{ours, manifest, "main", {"a"}};
  const auto text = [&](const std::string& values) { return json::serialize(config_values(map_with(values), source)); };
  BOOST_TEST(text(R"({"k": [{"if": "other", "value": 1}, {"axis": ["backbone.w", 1]}]})") == R"({"k":4})");
  BOOST_TEST(text(R"({"k": [{"axis": ["backbone.w", 0], "per": 4}]})") == R"({"k":1})");
  BOOST_TEST(text(R"({"k": [{"param": ["/heads", "/size"], "words": {"base": 12}}]})") == R"({"k":12})");
  BOOST_TEST(text(R"({"k": [{"labels": "backbone.w"}]})").starts_with(R"({"k":{"0":"a","1":"LABEL_1",)"));
  check_refused("c.json: nothing tells \"k\" (other.json)", [&] { text(R"({"k": [{"param": ["/heads"]}]})"); });
  check_refused("/config/values/k/0: must have one of \"value\"", [&] { text(R"({"k": [{"if": "w"}]})"); });
  check_refused("/config/values/k/0/axis: must be a name and the number of an axis",
                [&] { text(R"({"k": [{"axis": [0, "w"]}]})"); });
}

struct Lists {
  std::filesystem::path folder = std::filesystem::temp_directory_path() / ("vhost-classes-" + std::to_string(getpid()));
  Lists() { make_directories(folder); }
  ~Lists() { std::filesystem::remove_all(folder); }
  std::filesystem::path list(const std::string& text) {
    write_file_atomically(folder / "list", text);
    return folder / "list";
  }
  ClassRows rows(const std::string& text, const std::vector<std::string>& ours = {}) {
    return read_class_rows(list(text), [&] { return ours; });
  }
};

// A classifier of three classes, a norm as wide beside it.
std::map<std::string, at::Tensor> classifier() {
  return {{"backbone.w.weight", at::ones({3, 2})},
          {"heads.main.norm.weight", at::ones({3})},
          {"heads.main.fc.weight", at::arange(6).view({3, 2})},
          {"heads.main.fc.bias", at::arange(3)}};
}

BOOST_FIXTURE_TEST_CASE(rows_of_another_classifier_are_taken_by_number_or_by_name, Lists) {
  for (const ClassRows& classes : {rows("2\n0\n"), rows("[2, 0]"), rows("a\nb c\n D\n", {"d", "A"}),
                                   rows("[\"a\", \"B_C\", \"d\"]\n", {"D", "a"})}) {
    auto weights = classifier();
    const auto done = take_class_rows(weights, classes, "f.pth", {{{"heads.main.fc.weight", 2}}});
    BOOST_TEST(done.size() == 1u);
    BOOST_TEST(done.at(0) == "heads.main.fc: 2 of 3 rows, by " + (folder / "list").string());
    BOOST_TEST(at::equal(weights.at("heads.main.fc.weight"), at::tensor({4, 5, 0, 1}).view({2, 2})));
    BOOST_TEST(at::equal(weights.at("heads.main.fc.bias"), at::tensor({2, 0})));
    BOOST_TEST(weights.at("heads.main.norm.weight").size(0) == 3);
    BOOST_TEST(weights.at("backbone.w.weight").size(0) == 3);
  }
  auto weights = classifier();
  const auto done = take_class_rows(weights, rows("1\n1\n"), "f.pth", std::nullopt);
  BOOST_TEST(done.at(0).ends_with("; 1 are taken more than once"));
}

BOOST_FIXTURE_TEST_CASE(a_list_of_classes_that_does_not_fit_is_told, Lists) {
  const auto took = [&](const std::string& text, const std::vector<std::string>& ours, int64_t in_model) {
    return [=, this] {
      auto weights = classifier();
      take_class_rows(weights, rows(text, ours), "f.pth", {{{"heads.main.fc.weight", in_model}}});
    };
  };
  check_refused("/list: lists no classes", took("\n", {}, 2));
  check_refused("/list:2: is empty: every line stands for a class", took("0\n\n1\n", {}, 2));
  check_refused("/list:2: -1 is no row: they count from 0", took("0\n-1\n", {}, 2));
  check_refused("/list: entry 2: must be a row's number or a class's name, not 1.5", took("[0, 1.5]", {}, 2));
  check_refused("/list: class 1 takes row 3, but \"heads.main.fc.weight\" of f.pth has 3 rows, 0 to 2",
                took("0\n3\n", {}, 2));
  check_refused("/list: is for 3 classes, and the model has no layer of so many: \"heads.main.fc.weight has 2\"",
                took("0\n1\n2\n", {}, 2));
  check_refused("/list:3: \"A\" is the name of row 0 already", took("a\nb\nA\n", {"a", "b"}, 2));
  check_refused("/list: lacks 1 of our 2 classes: \"abseling\" (did you mean \"abseiling\"?)",
                took("abseiling\nb\nc\n", {"abseling", "b"}, 2));
  check_refused("/list: names 2 rows, but \"heads.main.fc.weight\" of f.pth has 3", took("a\nb\n", {"a", "b"}, 2));
  auto two = classifier();
  two["heads.main.other.weight"] = at::ones({3, 2});
  check_refused("f.pth has several layers that may be of classes",
                [&] { take_class_rows(two, rows("0\n"), "f.pth", std::nullopt); });
  std::map<std::string, at::Tensor> none{{"backbone.w.weight", at::ones({3, 2})}};
  check_refused("there is no layer of classes to take rows of among the weights of f.pth",
                [&] { take_class_rows(none, rows("0\n"), "f.pth", std::nullopt); });
}

BOOST_AUTO_TEST_SUITE_END()
