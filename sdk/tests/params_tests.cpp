#include <boost/test/unit_test.hpp>

#include "base/json.h"
#include "manifest/manifest.h"
#include "services/services.h"
#include "vhost/cpp/params.hpp"

namespace {

struct Params {
  int64_t width;
  int layers;
  double drop;
  bool affine;
  std::string pool;
  std::vector<int64_t> patch;
  std::optional<double> scale;
  std::vector<std::string> files;
  int64_t classes;
  template <class V>
  void describe(V& v) {
    v("width", width, 384, vh::range(1, 8192), "channels");
    v("layers", layers, 12, vh::at_least(0), "blocks");
    v("drop", drop, 0, vh::range(0, 1), "dropout \"probability\"");
    v("affine", affine, true, "learned scale");
    v("pool", pool, "mean", vh::choices("mean", "cls"), "what the classifier sees");
    v("patch", patch, {2, 16, 16}, vh::length(3) | vh::at_least(1), "t, h, w of a token");
    v("scale", scale, std::nullopt, vh::above(0), "null = by width");
    v("files", files, {}, "a list");
    v.required("classes", classes, vh::at_least(1), "the number of classes");
  }
};

struct Connected {
  Connected() { vh::detail::connect(vhost::host_table()); }
};
BOOST_GLOBAL_FIXTURE(Connected);

Params parse(const char* text) {
  const vhost::json::value value = vhost::parse_json(text, "test").root;
  return vh::parse_params<Params>(vhost::node_of(value));
}

struct Row {
  const char *text, *pointer, *message;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sdk_params_tests)

BOOST_AUTO_TEST_CASE(missing_keys_take_their_defaults) {
  const Params p = parse(R"({"classes": 3})");
  BOOST_TEST(p.width == 384);
  BOOST_TEST(p.layers == 12);
  BOOST_TEST(p.drop == 0.0);
  BOOST_TEST(p.affine);
  BOOST_TEST(p.pool == "mean");
  BOOST_TEST(p.patch == (std::vector<int64_t>{2, 16, 16}), boost::test_tools::per_element());
  BOOST_TEST(!p.scale);
  BOOST_TEST(p.files.empty());
}

BOOST_AUTO_TEST_CASE(given_keys_are_read_and_integers_become_numbers) {
  const Params p = parse(R"({"classes": 3, "width": 8, "layers": 2, "drop": 1, "affine": false, "pool": "cls",
                             "patch": [1, 2, 3], "scale": 2, "files": ["a", "b"]})");
  BOOST_TEST(p.width == 8);
  BOOST_TEST(p.layers == 2);
  BOOST_TEST(p.drop == 1.0);
  BOOST_TEST(!p.affine);
  BOOST_TEST(p.pool == "cls");
  BOOST_TEST(p.patch == (std::vector<int64_t>{1, 2, 3}), boost::test_tools::per_element());
  BOOST_TEST(p.scale.value() == 2.0);
  BOOST_TEST(p.files == (std::vector<std::string>{"a", "b"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(wrong_values_are_refused_with_their_place) {
  const Row rows[] = {
      {R"({})", "/classes", "is missing; it is the number of classes"},
      {R"({"classes": 0})", "/classes", "is 0; want at least 1"},
      {R"({"classes": 1, "width": 9000})", "/width", "is 9000; want at most 8192"},
      {R"({"classes": 1, "layers": 3000000000})", "/layers", "is 3000000000, which is too large"},
      {R"({"classes": 1, "drop": 1.5})", "/drop", "is 1.5; want at most 1"},
      {R"({"classes": 1, "pool": "max"})", "/pool", R"(is "max"; want one of ["mean","cls"])"},
      {R"({"classes": 1, "patch": [1, 2]})", "/patch", "has 2 items; want 3"},
      {R"({"classes": 1, "patch": [1, 0, 2]})", "/patch/1", "is 0; want at least 1"},
      {R"({"classes": 1, "patch": 16})", "/patch", "want an array"},
      {R"({"classes": 1, "scale": 0})", "/scale", "is 0.0; want more than 0"},
  };
  for (const Row& row : rows) {
    BOOST_TEST_CONTEXT(row.text) {
      BOOST_CHECK_EXCEPTION(parse(row.text), vh::Error, [&](const vh::Error& e) {
        BOOST_TEST(e.what() == row.message);
        BOOST_TEST(e.pointer == row.pointer);
        BOOST_TEST(e.code == VH_ERR_PARAM);
        return true;
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_type_is_refused_with_its_place) {
  for (const char* text : {R"({"classes": "x"})", R"({"classes": 1.5})", R"({"classes": null})"})
    BOOST_CHECK_EXCEPTION(parse(text), vh::Error, [](const vh::Error& e) { return e.pointer == "/classes"; });
}

BOOST_AUTO_TEST_CASE(the_schema_says_types_ranges_defaults_and_docs) {
  const auto schema = vhost::parse_json(vh::schema_text<Params>(), "schema").root.as_object();
  const auto expected = vhost::parse_json(R"({"type":"object","properties":{
    "width":{"type":"integer","minimum":1,"maximum":8192,"default":384,"description":"channels"},
    "layers":{"type":"integer","minimum":0,"default":12,"description":"blocks"},
    "drop":{"type":"number","minimum":0,"maximum":1,"default":0.0,"description":"dropout \"probability\""},
    "affine":{"type":"boolean","default":true,"description":"learned scale"},
    "pool":{"type":"string","enum":["mean","cls"],"default":"mean","description":"what the classifier sees"},
    "patch":{"type":"array","items":{"type":"integer","minimum":1},"minItems":3,"maxItems":3,"default":[2,16,16],
             "description":"t, h, w of a token"},
    "scale":{"type":["number","null"],"exclusiveMinimum":0,"default":null,"description":"null = by width"},
    "files":{"type":"array","items":{"type":"string"},"default":[],"description":"a list"},
    "classes":{"type":"integer","minimum":1,"description":"the number of classes"}},
    "required":["classes"],"additionalProperties":false})",
                                          "expected")
                            .root;
  BOOST_TEST(vhost::canonical_json(schema) == vhost::canonical_json(expected));
}

BOOST_AUTO_TEST_CASE(the_hosts_validator_takes_the_schema_and_fills_the_same_defaults_in) {
  const auto schema = vhost::parse_json(vh::schema_text<Params>(), "schema").root.as_object();
  vhost::json::value value = vhost::parse_json(R"({"classes": 7})", "test").root;
  vhost::validate(vhost::Manifest{}, "", value, schema);
  const Params p = vh::parse_params<Params>(vhost::node_of(value));
  BOOST_TEST(p.width == 384);
  BOOST_TEST(!p.scale);
  BOOST_TEST(value.as_object().size() == 9u);
}

BOOST_AUTO_TEST_CASE(defaults_stand_alone) {
  BOOST_TEST(vh::default_params<Params>().patch.size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
