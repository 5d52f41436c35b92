#include "record/rerun.h"

#include <algorithm>

#include "base/files.h"
#include "record/weights.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

std::string short_sum(const std::string& sha256) {
  return sha256.substr(0, 12) + "...";
}

std::string changed(const std::string& what, const std::string& now, const std::string& then) {
  return what + " has changed: its sha256 is " + short_sum(now) + ", the run's was " + short_sum(then);
}

void check_file(const Record& record, const std::string& pointer, const std::string& sha256,
                std::vector<std::string>& problems) {
  const json::value* value = record.manifest.find(pointer);
  if (!value || !value->is_string()) return problems.push_back(pointer + ": the manifest names no file there");
  const std::string path(value->get_string());
  try {
    const std::string now = sha256_file(path);
    if (now != sha256) problems.push_back(pointer + ": " + changed(path, now, sha256));
  } catch (const Error& error) {
    problems.push_back(pointer + ": " + error.message());
  }
}

// plugin.json may say what the lock says, and the library beside it be another.
std::string library_problem(const Package& package) {
  const std::string title = package.name + " " + package.version + ": ";
  try {
    const std::string now = sha256_file(package.library);
    return now == package.sha256 ? "" : title + changed(package.library.string(), now, package.sha256);
  } catch (const Error& error) {
    return title + error.message();
  }
}

void check_weights(const Record& record, const std::string& from, const RecordedWeights& then,
                   std::vector<std::string>& problems) {
  const json::value* value = record.manifest.find(from);
  const std::string path = value && value->is_string() ? std::string(value->get_string()) : then.path;
  try {
    const fs::path place = weights_at(path);
    const auto now = weights_sha256(place);
    for (const auto& [name, sha256] : then.sha256) {
      const fs::path file = fs::is_directory(place) ? place / name : place;
      const auto sum = now.find(file.filename().string());
      if (sum == now.end())
        problems.push_back(from + ": " + file.string() + ": no such file");
      else if (sum->second != sha256)
        problems.push_back(from + ": " + changed(file.string(), sum->second, sha256) +
                           (place == fs::path(then.path) ? "" : " (of " + then.path + ")"));
    }
  } catch (const Error& error) {
    problems.push_back(from + ": " + error.message());
  }
}

void compare(const std::string& what, const std::string& then, const std::string& now,
             std::vector<std::string>& warnings) {
  if (then != now) warnings.push_back(what + " was " + then + " and is " + now);
}

void compare_environment(const Start& then, const Start& now, std::vector<std::string>& warnings) {
  std::map<std::string, std::string> both = then.environment;
  both.insert(now.environment.begin(), now.environment.end());
  const auto text = [](const Start& start, const std::string& name) {
    const auto value = start.environment.find(name);
    return value == start.environment.end() ? std::string("not set") : quote(value->second);
  };
  for (const auto& [name, value] : both) compare(name, text(then, name), text(now, name), warnings);
}

}  // namespace

std::vector<std::string> record_problems(const Record& record, const Found& found) {
  std::vector<std::string> problems;
  const std::string config = config_sha256(record.manifest);
  if (config != record.config_sha256)
    problems.push_back("the manifest in the record was altered: its sha256 is " + short_sum(config) +
                       ", config_sha256 says " + short_sum(record.config_sha256));
  if (const std::string lock = lock_sha256(record.lock); lock != record.history.back().lock_sha256)
    problems.push_back("the lock in the record was altered: its sha256 is " + short_sum(lock) +
                       ", the history's lock_sha256 says " + short_sum(record.history.back().lock_sha256));
  for (const auto& [name, entry] : record.lock) {
    std::string problem;
    if (const Package* package = find_locked(found, entry, problem)) problem = library_problem(*package);
    if (!problem.empty()) problems.push_back(problem);
  }
  return problems;
}

std::vector<std::string> input_problems(const Record& record) {
  std::vector<std::string> problems;
  for (const auto& [pointer, data] : record.data)
    for (const auto& [place, sha256] : data.files) check_file(record, place, sha256, problems);
  for (const auto& [from, then] : record.weights) check_weights(record, from, then, problems);
  for (const std::string& input : record.inputs)
    if (std::error_code error; !fs::exists(input, error)) problems.push_back(input + ": no such file");
  return problems;
}

std::vector<std::string> rerun_warnings(const Record& record, const Start& now) {
  std::vector<std::string> warnings;
  const Start& then = record.history.back();
  compare("vhost", then.vhost, now.vhost, warnings);
  compare("the plugin ABI", then.abi, now.abi, warnings);
  compare("LibTorch", then.libtorch, now.libtorch, warnings);
  compare("the CPU", then.cpu, now.cpu, warnings);
  compare("the CPU's instruction set", then.cpu_capability, now.cpu_capability, warnings);
  compare("the device", then.device, now.device, warnings);
  compare("the number of threads", std::to_string(then.threads), std::to_string(now.threads), warnings);
  compare_environment(then, now, warnings);
  if (now.config_sha256 != record.config_sha256)
    warnings.push_back("this vhost completes the manifest otherwise than the one that ran it");
  const auto differs = [&](const Start& start) {
    return start.config_sha256 != then.config_sha256 || start.lock_sha256 != then.lock_sha256;
  };
  if (std::ranges::any_of(record.history, differs))
    warnings.push_back("the run was begun with another manifest or other plugins, and resumed with these at step " +
                       std::to_string(then.step));
  return warnings;
}

void refuse_rerun(const Record& record, const std::vector<std::string>& problems) {
  if (problems.empty()) return;
  std::string text = record.file.string() + ": the run can't be made again:";
  for (const std::string& problem : problems) text += "\n  " + problem;
  throw Error(text + "\n  bring these back as they were, or begin a run of its own with --manifest");
}

}  // namespace vhost
