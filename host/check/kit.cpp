#include "check/kit.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "base/files.h"
#include "check/subject.h"
#include "gateway/gateway.h"

namespace vhost::check {

namespace fs = std::filesystem;

namespace {

const char* status_name(Status status) {
  return status == Status::pass ? "pass" : status == Status::fail ? "fail" : "skip";
}

std::string temporary_folder() {
  std::string folder = (fs::temp_directory_path() / "vhost-check-XXXXXX").string();
  if (!::mkdtemp(folder.data())) throw Error("can't make a folder in " + fs::temp_directory_path().string());
  return folder;
}

// What every child would do for itself: afterwards it's there, and shared.
void warm_up() {
  at::set_num_threads(1);
  set_parallel_threads(1);
  register_gateway();
  at::linear(at::ones({2, 4}), at::ones({4, 4})).sum().item<float>();
}

const json::object* member(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value ? value->if_object() : nullptr;
}

// plugin.json's "check": component -> what its author gives for the checks.
json::object author_entries(const fs::path& folder) {
  const JsonDocument document = read_json((folder / "plugin.json").string());
  const json::object* entries = document.root.is_object() ? member(document.root.get_object(), "check") : nullptr;
  return entries ? *entries : json::object();
}

// What the command line sets must suit the schema; what it leaves out may be missing.
void check_given(const Case& subject) {
  try {
    complete(subject);
  } catch (const Error& error) {
    if (!error.message().starts_with("missing key"))
      throw Error("--set " + subject.component->name + "." + error.json_pointer().substr(1) + ": " + error.message());
  }
}

void print_line(const Result& result) {
  const std::string name = result.subject->component ? result.subject->component->name : "";
  const char* status = result.verdict.status == Status::fail ? "FAIL" : status_name(result.verdict.status);
  std::string line = std::string(status) + "  " + result.check->id;
  const auto column = [&](size_t width, const std::string& text) {
    if (text.empty()) return;
    line.resize(std::max(line.size() + 2, width), ' ');
    line += text;
  };
  column(32, name);
  column(48, result.verdict.reason);
  std::printf("%s\n", line.c_str());
  const bool silent = result.verdict.status != Status::fail || result.verdict.output.empty();
  if (silent) return;
  std::string text = result.verdict.output;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const size_t last = text.rfind('\n');
  std::printf("      it printed: %s\n", text.substr(last == std::string::npos ? 0 : last + 1).c_str());
}

}  // namespace

Kit::Kit(const CheckRequest& request) : request_(request), cache_dir_(temporary_folder()) {
  package_.folder = fs::absolute(request.folder / "").lexically_normal().parent_path();
  package_.name = package_.folder.filename();  // until plugin.json has been read
}

Kit::~Kit() {
  std::error_code ignored;
  fs::remove_all(cache_dir_, ignored);
}

bool Kit::wanted(const std::string& id) const {
  return request_.only.empty() || std::any_of(request_.only.begin(), request_.only.end(), [&](const std::string& only) {
           return id == only || id.starts_with(only + ".");
         });
}

void Kit::add_cases() {
  whole_ = {&package_, nullptr, {}, {}, cache_dir_};
  if (package_.components.empty()) return;
  const json::object entries = author_entries(package_.folder);
  std::vector<std::string> names;
  for (const Component& component : package_.components) names.push_back(component.name);
  const auto must_be_component = [&](const std::string& name, const std::string& where) {
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw Error(where + package_.name + " has no component \"" + name + "\"" + did_you_mean(name, names));
  };
  if (!request_.component.empty()) must_be_component(request_.component, "--component: ");
  for (const auto& entry : request_.parameters) must_be_component(entry.key(), "--set: ");
  for (const Component& component : package_.components) {
    if (!request_.component.empty() && request_.component != component.name) continue;
    Case one{&package_, &component, {}, {}, cache_dir_};
    if (const json::object* entry = member(entries, component.name)) one.author = *entry;
    if (const json::object* given = member(one.author, "parameters")) one.parameters = *given;
    if (const json::object* given = member(request_.parameters, component.name))
      for (const auto& [key, value] : *given) one.parameters[key] = value;
    if (request_.parameters.contains(component.name)) check_given(one);
    cases_.push_back(std::move(one));
  }
}

void Kit::add_results() {
  for (const Check& check : all_checks())
    if (check.kinds & kPackage) results_.push_back({&check, &whole_, {}, false});
  for (const Case& one : cases_)
    for (const Check& check : all_checks())
      if (check.kinds & kind_of(one.component->interface_id)) results_.push_back({&check, &one, {}, false});
  for (const std::string& only : request_.only) {
    std::vector<std::string> ids;
    for (const Check& check : all_checks()) ids.emplace_back(check.id);
    const auto fits = [&](const std::string& id) { return id == only || id.starts_with(only + "."); };
    if (std::none_of(ids.begin(), ids.end(), fits))
      throw Error("--only: there is no check \"" + only + "\"" + did_you_mean(only, ids));
  }
  // What others depend on is run in any case, and shown if it wasn't wanted but failed.
  std::erase_if(results_, [&](const Result& r) {
    const std::string id = r.check->id;
    return !wanted(id) && id != kMetadata && id != kChecksum && id != kOpens && id != kDefaults;
  });
}

void Kit::run_some(const std::function<bool(const Result&)>& choose) {
  std::vector<Task> tasks;
  std::vector<size_t> places;
  for (size_t i = 0; i < results_.size(); ++i) {
    if (results_[i].known || !choose(results_[i])) continue;
    tasks.push_back({results_[i].check, results_[i].subject});
    places.push_back(i);
  }
  const Limits limits{request_.timeout_seconds, static_cast<int>(std::max(1u, std::thread::hardware_concurrency()))};
  run_in_children(tasks, limits, [&](size_t i, const Verdict& verdict) {
    results_[places[i]].verdict = verdict;
    results_[places[i]].known = true;
    print_known();
  });
}

void Kit::skip_rest(const std::function<bool(const Result&)>& choose, const std::string& reason) {
  for (Result& result : results_) {
    if (result.known || !choose(result)) continue;
    result.verdict = {Status::skip, reason, "", 0};
    result.known = true;
  }
  print_known();
}

void Kit::print_known() {
  for (; printed_ < results_.size() && results_[printed_].known; ++printed_) {
    const Result& result = results_[printed_];
    if (!request_.json && (wanted(result.check->id) || result.verdict.status != Status::pass)) print_line(result);
  }
  std::fflush(stdout);
}

const Verdict* Kit::verdict_of(const char* id, const Component* component) const {
  for (const Result& r : results_)
    if (r.known && r.subject->component == component && std::string(r.check->id) == id) return &r.verdict;
  return nullptr;
}

json::object Kit::report() const {
  json::array checks;
  std::map<Status, int64_t> count;
  for (const Result& r : results_) {
    ++count[r.verdict.status];
    json::object one{{"id", r.check->id}};
    if (r.subject->component) {
      one["component"] = r.subject->component->name;
      one["interface"] = r.subject->component->interface_id;
    }
    one["status"] = status_name(r.verdict.status);
    if (!r.verdict.reason.empty()) one["reason"] = r.verdict.reason;
    one["seconds"] = r.verdict.seconds;
    if (r.verdict.status == Status::fail && !r.verdict.output.empty()) one["output"] = r.verdict.output;
    checks.push_back(std::move(one));
  }
  return {{"plugin", package_.name},       {"version", package_.version},   {"folder", package_.folder.string()},
          {"passed", count[Status::pass]}, {"failed", count[Status::fail]}, {"skipped", count[Status::skip]},
          {"checks", std::move(checks)}};
}

int Kit::run() {
  std::string unreadable;
  try {
    package_ = read_package(package_.folder);
  } catch (const Error& error) {
    unreadable = error.what();
  }
  add_cases();
  add_results();
  warm_up();
  run_stages(unreadable);
  return conclude();
}

void Kit::run_stages(const std::string& unreadable) {
  const auto is = [](const char* id) { return [id](const Result& r) { return std::string(r.check->id) == id; }; };
  const auto all = [](const Result&) { return true; };
  run_some(is(kMetadata));
  if (!unreadable.empty()) skip_rest(all, std::string("plugin.json can't be read: see ") + kMetadata);
  run_some([](const Result& r) { return std::string(r.check->id).starts_with("package."); });
  if (const Verdict* same = verdict_of(kChecksum, nullptr); same && same->status == Status::fail)
    skip_rest(all, std::string("the library isn't the one that was packed: see ") + kChecksum);
  run_some(is(kOpens));
  if (const Verdict* opens = verdict_of(kOpens, nullptr); opens && opens->status == Status::fail)
    skip_rest(all, std::string("the plugin isn't loaded: see ") + kOpens);
  run_some(is("params.schema"));
  run_some(is(kDefaults));
  for (const Case& one : cases_) {
    const Verdict* made = verdict_of(kDefaults, one.component);
    if (!made || made->status == Status::pass) continue;
    skip_rest([&](const Result& r) { return r.subject == &one; },
              made->status == Status::fail ? std::string("it can't be made: see ") + kDefaults : made->reason);
  }
  run_some(all);
}

int Kit::conclude() {
  std::erase_if(results_, [&](const Result& r) { return !wanted(r.check->id) && r.verdict.status == Status::pass; });
  const json::object summary = report();
  if (!request_.report.empty()) write_file_atomically(request_.report, pretty_json(summary));
  if (request_.json)
    std::fputs(pretty_json(summary).c_str(), stdout);
  else
    std::printf("%s %s: %lld passed, %lld failed, %lld skipped\n", package_.name.c_str(), package_.version.c_str(),
                static_cast<long long>(summary.at("passed").as_int64()),
                static_cast<long long>(summary.at("failed").as_int64()),
                static_cast<long long>(summary.at("skipped").as_int64()));
  return summary.at("failed").as_int64() == 0 ? 0 : 1;
}

}  // namespace vhost::check
