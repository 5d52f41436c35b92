#include <boost/test/unit_test.hpp>

#include "packages.h"
#include "plugins/resolve_manifest.h"

using namespace vhost;
using namespace vhost::test;

namespace {

// toy 1.2.0 and 1.3.0, 2.0.0-rc.1, other 0.9.1; a manifest that names them.
struct Scene : TempFolder {
  Scene() {
    for (const char* version : {"1.2.0", "1.3.0", "2.0.0-rc.1"}) write_package(path, metadata("toy", version));
    write_package(path, metadata("other", "0.9.1"));
    find();
  }
  void find() { found = find_packages({path}); }
  void remove(const std::string& package) {
    std::filesystem::remove_all(path / package);
    find();
  }

  Resolution resolve(const std::string& plugins, const LockPolicy& policy = {}) {
    Manifest manifest = parse_manifest("{\"plugins\": " + plugins + "}", "exp.json", {});
    return resolve_manifest(manifest, found, policy);
  }
  std::string error(const std::string& plugins, const LockPolicy& policy = {}) {
    return error_of([&] { resolve(plugins, policy); });
  }
  // A policy with the lock of these plugins as they resolve now.
  LockPolicy locked(const std::string& plugins) {
    LockPolicy policy;
    policy.file = "lock.json";
    policy.lock = resolve(plugins).lock;
    return policy;
  }

  Found found;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "|") + line;
  return text;
}

const char* const kOld = R"({"toy": "~1.2"})";
const char* const kWide = R"({"toy": "^1.0"})";

// `kOld`'s lock with `kWide`'s range: 1.2.0 is locked, and 1.3.0 fits too.
LockPolicy behind(Scene& scene) {
  LockPolicy policy = scene.locked(kOld);
  policy.lock->at("toy").range = "^1.0";
  return policy;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(lock_tests, Scene)

BOOST_AUTO_TEST_CASE(the_lock_wins_over_a_newer_version_and_says_so) {
  const Resolution kept = resolve(kWide, behind(*this));
  BOOST_TEST(kept.plugins.at(0).package->version == "1.2.0");
  BOOST_TEST(joined(kept.changes) == "");
  BOOST_TEST(joined(kept.notes) == "toy 1.3.0 is installed; the lock keeps 1.2.0; --update toy takes it");
  BOOST_TEST(joined(resolve(kOld, locked(kOld)).notes) == "");  // ~1.2 doesn't admit 1.3.0
}

BOOST_AUTO_TEST_CASE(update_renews_one_or_all) {
  LockPolicy policy = behind(*this);
  policy.update = {"toy"};
  BOOST_TEST(joined(resolve(kWide, policy).changes) == "toy 1.2.0 -> 1.3.0");
  BOOST_TEST(resolve(kWide, policy).plugins.at(0).package->version == "1.3.0");
  policy.update = {"othr"};
  BOOST_TEST(error(R"({"toy": "^1.0", "other": "*"})", policy) ==
             "--update othr: the manifest has no plugin of that name (did you mean \"other\"?)");
  policy.update.clear();
  policy.update_all = true;
  BOOST_TEST(joined(resolve(kWide, policy).changes) == "toy 1.2.0 -> 1.3.0");
}

BOOST_AUTO_TEST_CASE(a_range_that_excludes_the_lock_overrules_it) {
  LockPolicy policy = locked(kOld);
  const Resolution moved = resolve(R"({"toy": "^1.3"})", policy);
  BOOST_TEST(joined(moved.changes) == "toy 1.2.0 -> 1.3.0");
  BOOST_TEST(joined(moved.notes) == "toy: \"^1.3\" doesn't admit the locked toy 1.2.0; 1.3.0 is taken");
  policy.locked = true;
  BOOST_TEST(error(R"({"toy": "^1.3"})", policy) ==
             "lock.json: the lock would change, which --locked forbids:\n  toy 1.2.0 -> 1.3.0\n"
             "  run once without --locked to renew it");
}

BOOST_AUTO_TEST_CASE(locked_fails_at_any_change_and_without_a_file) {
  LockPolicy policy = locked(kOld);
  policy.locked = true;
  BOOST_TEST(error(kOld, policy) == "");
  const std::pair<const char*, const char*> rows[] = {
      {R"({"toy": "~1.2", "other": "*"})", "other 0.9.1 is new"},
      {R"({"toy": "~1.2.0"})", "toy 1.2.0: its range was \"~1.2\" and is \"~1.2.0\""},
      {R"({"toy": "other@*"})", "toy 1.2.0 -> other 0.9.1"},
      {R"({"other": "*"})", "toy 1.2.0 is no longer used"},
  };
  for (const auto& [plugins, change] : rows)
    BOOST_TEST(error(plugins, policy).find(std::string("\n  ") + change + "\n") != std::string::npos, change);
  policy.lock.reset();
  BOOST_TEST(error(kOld, policy) == "--locked: there is no lock.json; run once without --locked to make it");
}

BOOST_AUTO_TEST_CASE(packages_unlike_the_lock_are_all_named) {
  const char* const plugins = R"({"toy": "~1.2", "new": "toy@~1.3", "other": "*"})";
  LockPolicy policy = locked(plugins);
  policy.lock->at("other").sha256 = std::string(64, 'a');
  policy.lock->at("new").schemas = std::string(64, 'b');
  remove("toy/1.2.0");
  const std::string text = error(plugins, policy);
  const std::string folder = path.string();
  BOOST_TEST(text ==
             "lock.json: the locked plugins aren't those that are installed:"
             "\n  toy 1.3.0: its components take other parameters than when it was locked (" +
                 folder +
                 "/toy/1.3.0); install what was locked, or --update new takes 1.3.0"
                 "\n  other 0.9.1: its library's sha256 is 000000000000..., the lock says aaaaaaaaaaaa... (" +
                 folder +
                 "/other/0.9.1); install what was locked, or --update other takes 0.9.1"
                 "\n  toy 1.2.0 isn't installed: there are 1.3.0, 2.0.0-rc.1; install what was locked");
  policy.update = {"new", "other"};
  BOOST_TEST(error(plugins, policy).find("other") == std::string::npos);
  remove("toy");
  BOOST_TEST(error(kOld, locked(R"({"other": "*"})")).find("plugin \"toy\" isn't installed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(of_equal_versions_the_locked_one_is_taken_wherever_it_lies) {
  const LockPolicy policy = locked(kOld);
  TempFolder elsewhere;
  json::object rebuilt = metadata("toy", "1.2.0");
  rebuilt["sha256"] = std::string(64, 'c');
  write_package(elsewhere.path, rebuilt);
  found = find_packages({elsewhere.path, path});
  BOOST_TEST(resolve(kOld).plugins.at(0).package->sha256 == std::string(64, 'c'));
  BOOST_TEST(resolve(kOld, policy).plugins.at(0).package->sha256 == std::string(64, '0'));
}

BOOST_AUTO_TEST_CASE(the_schema_hash_sees_parameters_and_names_but_no_summaries) {
  const Package package = found.packages.at(0);
  Package other = package;
  other.components[0].summary = "said otherwise";
  BOOST_TEST(schemas_sha256(other) == schemas_sha256(package));
  other.components[0].schema["properties"] = {{"x", {{"type", "integer"}}}};
  BOOST_TEST(schemas_sha256(other) != schemas_sha256(package));
  for (auto change : {&Component::name, &Component::interface_id}) {
    other = package;
    other.components[0].*change = "vh.mask/1";
    BOOST_TEST(schemas_sha256(other) != schemas_sha256(package));
  }
}

BOOST_AUTO_TEST_CASE(a_lock_is_read_back_as_it_was_written) {
  const Lock lock = resolve(R"({"toy": "^1.0", "old": "toy@~1.2", "other": "*"})").lock;
  BOOST_TEST((parse_lock(pretty_json(lock_json(lock)), "lock.json") == lock));
  BOOST_TEST(joined(lock_changes({}, lock)) == "old (toy 1.2.0) is new|other 0.9.1 is new|toy 1.3.0 is new");
}

BOOST_AUTO_TEST_CASE(a_broken_lock_is_an_error_at_its_place) {
  const std::string good = pretty_json(lock_json(resolve(kOld).lock));
  struct Row {
    std::string from, to, message;
  };
  const Row rows[] = {
      {"\"toy\": {", "\"toy\": [", "lock.json:5:15: found \":\", expected , or ]"},
      {"\"vhost_lock\"", "\"vhost\"", "lock.json:1:1: is no lock: the key \"vhost_lock\" is missing"},
      {"\"vhost_lock\": 1", "\"vhost_lock\": 2",
       "lock.json:2:3: /vhost_lock: is 2, this vhost reads version 1 of the format"},
      {"\"version\"", "\"versoin\"", "lock.json:4:5: /plugins/toy: the key \"version\" is missing"},
      {"\"1.2.0\"", "12", "lock.json:7:7: /plugins/toy/version: must be a string, not 12"},
      {"\"1.2.0\"", "\"1.2\"", "lock.json:7:7: /plugins/toy/version: \"1.2\" is no version"},
      {"\"sha256\": \"0", "\"sha256\": \"", "lock.json:8:7: /plugins/toy/sha256: must be 64 digits of 0-9 and a-f"},
  };
  for (const Row& row : rows) {
    std::string text = good;
    BOOST_REQUIRE(text.find(row.from) != std::string::npos);
    text.replace(text.find(row.from), row.from.size(), row.to);
    const std::string error = error_of([&] { parse_lock(text, "lock.json"); });
    BOOST_TEST_CONTEXT(error) {
      BOOST_TEST(error.starts_with(row.message));
      BOOST_TEST(error.ends_with("; delete the file or give --update to have it made anew"));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
