#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>

#include "services/services.h"
#include "services/specs.h"

using namespace vhost;

namespace {

template <class Table>
const Table* service(const char* id) {
  return static_cast<const Table*>(host_table()->get_service(id));
}

template <class Function>
struct Ranges {
  Function function;
  int32_t run(int64_t n, int64_t grain) {
    return service<vh_parallel_1>(VH_PARALLEL_1)
        ->for_range(
            n, grain,
            [](void* ctx, int64_t begin, int64_t end) { return static_cast<Ranges*>(ctx)->function(begin, end); },
            this);
  }
};

template <class Function>
int32_t for_range(int64_t n, int64_t grain, Function function) {
  return Ranges<Function>{function}.run(n, grain);
}

vh_spec make_spec(const char* key, const char* axes, int32_t rank) {
  vh_spec spec{};
  spec.struct_size = sizeof(spec);
  spec.key = key;
  spec.semantic = "tokens";
  spec.axes = axes;
  spec.rank = rank;
  return spec;
}

std::string thrown(int32_t status, const vh_error& err, const std::string& part) {
  try {
    check_status(status, err, part);
  } catch (const Error& error) {
    return error.message();
  }
  return "nothing thrown";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(services_tests)

BOOST_AUTO_TEST_CASE(host_table_serves_its_four_services_and_null_for_others) {
  const vh_host* host = host_table();
  BOOST_TEST(host->struct_size == sizeof(vh_host));
  BOOST_TEST(host->abi_minor == VH_ABI_MINOR);
  for (const char* id : {VH_SPECS_1, VH_CONFIG_1, VH_LOG_1, VH_PARALLEL_1}) {
    BOOST_TEST_CONTEXT(id) BOOST_TEST(host->get_service(id) != nullptr);
  }
  BOOST_TEST(host->get_service("vh.specs/2") == nullptr);
  BOOST_TEST(host->get_service("") == nullptr);
  BOOST_TEST(host->get_service(nullptr) == nullptr);
  static const int table = 1;
  register_service("vh.test/1", &table);
  BOOST_TEST(host->get_service("vh.test/1") == &table);
}

BOOST_AUTO_TEST_CASE(specs_own_their_strings_and_keep_the_order) {
  vh_specs specs;
  SpecCollector collector(specs);
  {
    std::string key = "features.0", axes = "BNC";
    vh_spec spec = make_spec(key.c_str(), axes.c_str(), 3);
    spec.dim[0] = VH_DIM_BATCH, spec.dim[1] = 1568, spec.dim[2] = 384;
    spec.grid[0] = 8, spec.grid[1] = spec.grid[2] = 14;
    BOOST_TEST(collector.add(&collector, &spec) == VH_OK);
    key.assign("overwritten"), axes.assign("XXX");
  }
  vh_spec label = make_spec("label", "", 0);
  label.semantic = "label", label.dtype = VH_I64, label.classes = 4;
  BOOST_TEST(collector.add(&collector, &label) == VH_OK);

  const auto* table = service<vh_specs_1>(VH_SPECS_1);
  BOOST_TEST(table->count(&specs) == 2u);
  BOOST_TEST(table->at(&specs, 0)->key == std::string("features.0"));
  BOOST_TEST(table->at(&specs, 0)->axes == std::string("BNC"));
  BOOST_TEST(table->at(&specs, 2) == nullptr);
  BOOST_TEST(table->find(&specs, "label") == table->at(&specs, 1));
  BOOST_TEST(table->find(&specs, "no") == nullptr);
  BOOST_TEST(table->find(nullptr, "label") == nullptr);
  BOOST_TEST(table->count(nullptr) == 0u);
  BOOST_TEST(specs.list[0].str() == "features.0 tokens [B,1568,384] of all tokens, grid 8x14x14");
  BOOST_TEST(specs.list[1].str() == "label label i64 [], 4 classes");
}

BOOST_AUTO_TEST_CASE(a_copied_set_of_specs_points_into_itself) {
  vh_specs copy;
  {
    vh_specs original;
    const vh_spec spec = make_spec("a-key-too-long-for-the-small-string-buffer", "BC", 2);
    original.add(Spec(spec));
    copy = original;
  }
  BOOST_TEST(service<vh_specs_1>(VH_SPECS_1)->at(&copy, 0)->key ==
             std::string("a-key-too-long-for-the-small-string-buffer"));
}

BOOST_AUTO_TEST_CASE(the_second_spec_of_a_key_replaces_the_first_and_keyless_ones_all_stay) {
  vh_specs specs;
  specs.add(Spec(make_spec("a", "BC", 2)));
  specs.add(Spec(make_spec("b", "BC", 2)));
  specs.add(Spec(make_spec("a", "BNC", 3)));
  BOOST_REQUIRE(specs.list.size() == 2u);
  BOOST_TEST(specs.find("a")->c.rank == 3);
  specs.add(Spec(make_spec("", "", 1)));
  specs.add(Spec(make_spec("", "", 1)));
  BOOST_TEST(specs.list.size() == 4u);
}

BOOST_AUTO_TEST_CASE(a_spec_of_an_older_producer_reads_as_zero_beyond_its_size) {
  vh_spec old = make_spec("old", "BC", 2);
  old.classes = 99, old.prefix_tokens = 7;
  old.struct_size = offsetof(vh_spec, prefix_tokens);
  const Spec copy(old);
  BOOST_TEST(copy.c.rank == 2);
  BOOST_TEST(copy.c.prefix_tokens == 0);
  BOOST_TEST(copy.c.classes == 0);
  BOOST_TEST(copy.view()->struct_size == sizeof(vh_spec));

  old.struct_size = offsetof(vh_spec, semantic);
  BOOST_TEST(Spec(old).key == "old");
  BOOST_TEST(Spec(old).semantic == "");
  old.struct_size = offsetof(vh_spec, key) + 3;  // half a pointer
  BOOST_TEST(Spec(old).key == "");
  old.struct_size = 0;
  BOOST_TEST(Spec(old).key == "");
}

BOOST_AUTO_TEST_CASE(a_spec_of_a_newer_producer_is_cut_to_what_is_known) {
  struct {
    vh_spec spec;
    char future[64];
  } newer{};
  newer.spec = make_spec("new", "BC", 2);
  newer.spec.struct_size = sizeof(newer);
  BOOST_TEST(Spec(newer.spec).view()->struct_size == sizeof(vh_spec));
  BOOST_TEST(Spec(newer.spec).key == "new");
}

BOOST_AUTO_TEST_CASE(collector_refuses_what_is_no_spec_and_says_why) {
  vh_specs specs;
  SpecCollector collector(specs);
  vh_spec spec = make_spec("x", "BC", 9);
  BOOST_TEST(collector.add(&collector, &spec) == VH_ERR_ARGUMENT);
  BOOST_TEST(collector.problem == "spec \"x\": rank must be 0 to 8, not 9");
  spec = make_spec("x", "BC", 3);
  BOOST_TEST(collector.add(&collector, &spec) == VH_ERR_ARGUMENT);
  BOOST_TEST(collector.problem == "spec \"x\": axes \"BC\" don't name 3 dimensions");
  BOOST_TEST(collector.add(&collector, nullptr) == VH_ERR_ARGUMENT);
  BOOST_TEST(specs.list.empty());
  spec = make_spec("x", "BC", 2);
  BOOST_TEST(collector.add(&collector, &spec) == VH_OK);
  BOOST_TEST(collector.problem == "");
}

BOOST_AUTO_TEST_CASE(spec_text_names_every_kind_of_dimension) {
  vh_spec c = make_spec("t", "BNNT", 4);
  c.dim[0] = VH_DIM_BATCH, c.dim[1] = VH_DIM_VISIBLE, c.dim[2] = VH_DIM_MASKED, c.dim[3] = VH_DIM_VAR;
  c.dim_max[3] = 64, c.coverage = VH_MASKED, c.prefix_tokens = 1, c.dtype = VH_F32;
  BOOST_TEST(Spec(c).str() == "t tokens f32 [B,Nv,Nm,<=64] of the masked tokens, 1 prefix tokens");
}

BOOST_AUTO_TEST_CASE(text_collector_takes_bytes) {
  TextCollector text;
  BOOST_TEST(text.add(&text, "abcdef", 3) == VH_OK);
  BOOST_TEST(text.add(&text, nullptr, 0) == VH_OK);
  BOOST_TEST(text.add(&text, nullptr, 2) == VH_ERR_ARGUMENT);
  BOOST_TEST(text.add(&text, "gh", 2) == VH_OK);
  BOOST_TEST(text.text == "abcgh");
}

BOOST_AUTO_TEST_CASE(config_getters_read_values_of_their_type) {
  const json::value params =
      json::parse(R"({"size":"small","ratio":0.9,"n":3,"whole":4.0,"big":18446744073709551615,"on":true,"crop":[7,8],)"
                  R"("none":null,"a/b":{"x":1,"y":2}})");
  const auto* config = service<vh_config_1>(VH_CONFIG_1);
  const vh_node* node = node_of(params);
  vh_error err = new_error();
  int64_t i = 0;
  double d = 0;
  int32_t b = 0;
  const char* s = nullptr;
  BOOST_TEST((config->get_int(node, "/n", &i, &err) == VH_OK && i == 3));
  BOOST_TEST((config->get_int(node, "/whole", &i, &err) == VH_OK && i == 4));
  BOOST_TEST((config->get_int(node, "/crop/1", &i, &err) == VH_OK && i == 8));
  BOOST_TEST((config->get_int(node, "/a~1b/y", &i, &err) == VH_OK && i == 2));
  BOOST_TEST((config->get_double(node, "/ratio", &d, &err) == VH_OK && d == 0.9));
  BOOST_TEST((config->get_double(node, "/n", &d, &err) == VH_OK && d == 3.0));
  BOOST_TEST((config->get_double(node, "/big", &d, &err) == VH_OK && d == 18446744073709551615.0));
  BOOST_TEST((config->get_bool(node, "/on", &b, &err) == VH_OK && b == 1));
  BOOST_TEST((config->get_string(node, "/size", &s, &err) == VH_OK && s == std::string("small")));
  const std::pair<const char*, int> types[] = {
      {"/none", VH_JSON_NULL},       {"/on", VH_JSON_BOOL},     {"/n", VH_JSON_INT},         {"/ratio", VH_JSON_DOUBLE},
      {"/big", VH_JSON_DOUBLE},      {"/size", VH_JSON_STRING}, {"/crop", VH_JSON_ARRAY},    {"", VH_JSON_OBJECT},
      {"/missing", VH_JSON_MISSING}, {"crop", VH_JSON_MISSING}, {"/crop/2", VH_JSON_MISSING}};
  for (const auto& [pointer, type] : types) BOOST_TEST_CONTEXT(pointer) BOOST_TEST(config->type(node, pointer) == type);
  BOOST_TEST(config->type(nullptr, "") == VH_JSON_MISSING);
}

BOOST_AUTO_TEST_CASE(config_walks_arrays_and_objects_in_file_order) {
  const json::value params = json::parse(R"({"z":[10,20],"a":"text"})");
  const auto* config = service<vh_config_1>(VH_CONFIG_1);
  const vh_node* node = node_of(params);
  BOOST_TEST(config->size(node) == 2u);
  BOOST_TEST(config->key(node, 0) == std::string("z"));
  BOOST_TEST(config->key(node, 1) == std::string("a"));
  BOOST_TEST(config->key(node, 2) == nullptr);
  BOOST_TEST(config->item(node, 2) == nullptr);
  const vh_node* list = config->get(node, "/z");
  BOOST_TEST(list == config->item(node, 0));
  BOOST_TEST(config->size(list) == 2u);
  BOOST_TEST(config->key(list, 0) == nullptr);
  int64_t i = 0;
  BOOST_TEST((config->get_int(config->item(list, 1), "", &i, nullptr) == VH_OK && i == 20));
  BOOST_TEST(config->size(config->get(node, "/a")) == 0u);
  BOOST_TEST(config->get(node, "/none") == nullptr);
}

BOOST_AUTO_TEST_CASE(config_errors_say_what_is_wanted_and_where) {
  const json::value params = json::parse(R"({"size":"small","ratio":0.5,"huge":1e300})");
  const auto* config = service<vh_config_1>(VH_CONFIG_1);
  const vh_node* node = node_of(params);
  int64_t i = 77;
  double d = 0;
  int32_t b = 0;
  const char* s = nullptr;
  const auto check = [](const vh_error& err, const char* message, const char* pointer) {
    BOOST_TEST(err.code == VH_ERR_PARAM);
    BOOST_TEST(err.message == std::string(message));
    BOOST_TEST(err.json_pointer == std::string(pointer));
  };
  vh_error err = new_error();
  BOOST_TEST(config->get_int(node, "/size", &i, &err) == VH_ERR_PARAM);
  check(err, "must be an integer, not \"small\"", "/size");
  config->get_int(node, "/ratio", &i, &err);
  check(err, "must be an integer, not 5E-1", "/ratio");
  BOOST_TEST(config->get_int(node, "/huge", &i, &err) == VH_ERR_PARAM);
  BOOST_TEST(i == 77);
  config->get_double(node, "/depth", &d, &err);
  check(err, "is missing: a number is wanted", "/depth");
  config->get_bool(node, "/ratio", &b, &err);
  check(err, "must be true or false, not 5E-1", "/ratio");
  config->get_string(node, "/ratio", &s, &err);
  check(err, "must be a string, not 5E-1", "/ratio");
  BOOST_TEST(config->get_string(node, "/ratio", &s, nullptr) == VH_ERR_PARAM);
}

BOOST_AUTO_TEST_CASE(log_reaches_the_hooks_and_survives_them) {
  std::vector<std::string> lines;
  set_log_hooks({[&](int level, const std::string& part, const std::string& text) {
                   lines.push_back(std::to_string(level) + " " + part + " " + text);
                 },
                 [&](const std::string& name, vh_tensor*) { lines.push_back(name); },
                 [&](const std::string& what, int64_t done, int64_t total) {
                   lines.push_back(what + " " + std::to_string(done) + "/" + std::to_string(total));
                 }});
  const auto* log = service<vh_log_1>(VH_LOG_1);
  log->write(VH_LOG_WARN, "kinetics/clips", "slow list\n");
  log->write(99, nullptr, nullptr);
  log->scalar("acc", nullptr);
  log->progress("scan", 3, 10);
  BOOST_TEST(lines == (std::vector<std::string>{"2 kinetics/clips slow list", "3  ", "acc", "scan 3/10"}),
             boost::test_tools::per_element());
  set_log_hooks({[](int, const std::string&, const std::string&) { throw std::runtime_error("hook"); }, {}, {}});
  log->write(VH_LOG_INFO, "x", "y");
  set_log_hooks({});
  log->scalar("acc", nullptr);
  log->progress("scan", 0, 0);
  BOOST_TEST(log->cancelled() == 0);
  cancel_requested = true;
  BOOST_TEST(log->cancelled() == 1);
  cancel_requested = false;
}

BOOST_AUTO_TEST_CASE(parallel_ranges_cover_all_once_and_keep_to_the_grain) {
  set_parallel_threads(4);
  for (const int64_t n : {1, 2, 7, 64, 1000}) {
    for (const int64_t grain : {0, 1, 3, 64, 5000}) {
      std::mutex mutex;
      std::vector<int> seen(n);
      int64_t shorter = 0;
      BOOST_TEST(for_range(n, grain, [&](int64_t begin, int64_t end) -> int32_t {
                   std::lock_guard lock(mutex);
                   for (int64_t i = begin; i < end; ++i) ++seen[i];
                   shorter += end < n && end - begin < grain;
                   return VH_OK;
                 }) == VH_OK);
      BOOST_TEST_CONTEXT("n " << n << " grain " << grain) {
        BOOST_TEST((seen == std::vector<int>(n, 1)));
        BOOST_TEST(shorter == 0);
      }
    }
  }
  BOOST_TEST(for_range(0, 1, [](int64_t, int64_t) -> int32_t { return VH_ERR; }) == VH_OK);
  BOOST_TEST(for_range(-1, 1, [](int64_t, int64_t) -> int32_t { return VH_ERR; }) == VH_OK);
  BOOST_TEST(service<vh_parallel_1>(VH_PARALLEL_1)->for_range(1, 1, nullptr, nullptr) == VH_ERR_ARGUMENT);
}

BOOST_AUTO_TEST_CASE(parallel_really_uses_several_threads) {
  set_parallel_threads(4);
  BOOST_TEST(service<vh_parallel_1>(VH_PARALLEL_1)->threads() == 4);
  std::mutex mutex;
  std::set<std::thread::id> threads;
  for_range(16, 1, [&](int64_t, int64_t) -> int32_t {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
    return VH_OK;
  });
  BOOST_TEST(threads.size() > 1u);
}

BOOST_AUTO_TEST_CASE(parallel_runs_inline_in_workers_and_when_nested) {
  set_parallel_threads(4);
  const auto* parallel = service<vh_parallel_1>(VH_PARALLEL_1);
  const auto inline_only = [&] {
    const auto self = std::this_thread::get_id();
    int calls = 0;
    bool same = true;
    for_range(100, 1, [&](int64_t begin, int64_t end) -> int32_t {
      same = same && std::this_thread::get_id() == self && begin == 0 && end == 100;
      ++calls;
      return VH_OK;
    });
    return same && calls == 1 && parallel->threads() == 1;
  };
  {
    WorkerScope worker;
    BOOST_TEST(in_worker());
    BOOST_TEST(inline_only());
  }
  BOOST_TEST(!in_worker());
  std::atomic<int> good{0}, all{0};
  for_range(16, 1, [&](int64_t begin, int64_t end) -> int32_t {
    all += static_cast<int>(end - begin);
    if (in_worker() && inline_only()) good += static_cast<int>(end - begin);
    return VH_OK;
  });
  BOOST_TEST(all == 16);
  BOOST_TEST(good == 16);
}

BOOST_AUTO_TEST_CASE(parallel_returns_the_failure_of_the_lowest_range) {
  set_parallel_threads(4);
  for (int round = 0; round < 200; ++round) {
    const int32_t status = for_range(64, 1, [](int64_t begin, int64_t end) -> int32_t {
      for (int64_t i = begin; i < end; ++i)
        if (i >= 9) return 100 + static_cast<int32_t>(i);
      return VH_OK;
    });
    BOOST_REQUIRE_EQUAL(status, 109);
  }
  BOOST_TEST(for_range(8, 1, [](int64_t, int64_t) -> int32_t { throw 1; }) == VH_ERR);
}

BOOST_AUTO_TEST_CASE(parallel_serves_callers_on_several_threads_at_once) {
  set_parallel_threads(3);
  std::atomic<int64_t> sum{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t)
    callers.emplace_back([&] {
      for (int round = 0; round < 100; ++round)
        for_range(50, 1, [&](int64_t begin, int64_t end) -> int32_t {
          for (int64_t i = begin; i < end; ++i) sum += i;
          return VH_OK;
        });
    });
  for (auto& caller : callers) caller.join();
  BOOST_TEST(sum == 4 * 100 * (50 * 49 / 2));
}

BOOST_AUTO_TEST_CASE(check_status_names_part_cause_place_and_pointer) {
  vh_error err = new_error();
  BOOST_CHECK_NO_THROW(check_status(VH_OK, err, "videomae/vit"));
  BOOST_TEST(thrown(VH_ERR_DATA, err, "videomae/vit") ==
             "videomae/vit: failed with status 5 (unreadable sample) and gave no message");
  BOOST_TEST(thrown(-7, err, "") == "failed with status -7 (failure) and gave no message");
  fail(&err, VH_ERR_IO, "can't be opened", "/data/a.mp4");
  BOOST_TEST(thrown(VH_ERR_IO, err, "kinetics/clips") == "kinetics/clips: can't be opened (/data/a.mp4)");
  fail(&err, VH_ERR_PARAM, "must be below 1", "", "/ratio");
  try {
    check_status(VH_ERR_PARAM, err, "videomae/tube");
    BOOST_ERROR("nothing thrown");
  } catch (const Error& error) {
    BOOST_TEST(error.message() == "videomae/tube: must be below 1");
    BOOST_TEST(error.json_pointer() == "/ratio");
    BOOST_TEST(std::string(error.what()).find("/ratio") != std::string::npos);
  }
  std::memset(err.message, 'x', sizeof(err.message));  // a plugin that forgets the NUL
  std::memset(err.where, 'w', sizeof(err.where));
  std::memset(err.json_pointer, 0, sizeof(err.json_pointer));
  BOOST_TEST(thrown(1, err, "p").size() == std::strlen("p: ") + 1024 + std::strlen(" ()") + 256);
}

BOOST_AUTO_TEST_CASE(fail_cuts_text_between_characters) {
  vh_error err = new_error();
  std::string text(1022, 'a');
  BOOST_TEST(fail(&err, VH_ERR, text + "\xC3\xA9") == VH_ERR);  // 2 bytes: would need 1024 with the NUL behind
  BOOST_TEST(err.message == text);
  fail(&err, VH_ERR, text + "z\xF0\x9F\x98\x80");
  BOOST_TEST(err.message == text + "z");
  fail(&err, VH_ERR, text.substr(1) + "\xC3\xA9");
  BOOST_TEST(err.message == text.substr(1) + "\xC3\xA9");
  BOOST_TEST(err.where == std::string());
  BOOST_TEST(fail(nullptr, VH_ERR_DATA, "x") == VH_ERR_DATA);
}

BOOST_AUTO_TEST_CASE(fail_writes_only_what_the_caller_has_room_for) {
  vh_error err{};
  err.struct_size = offsetof(vh_error, where);
  std::memset(err.where, '#', sizeof(err.where));
  fail(&err, VH_ERR_IO, "message", "where");
  BOOST_TEST(err.message == std::string("message"));
  BOOST_TEST(err.where[0] == '#');
  err.struct_size = 0, err.message[0] = '#';
  fail(&err, VH_ERR_IO, "message", "where");
  BOOST_TEST(err.message[0] == '#');
}

BOOST_AUTO_TEST_SUITE_END()
