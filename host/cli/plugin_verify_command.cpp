#include <iostream>

#include "base/json.h"
#include "cli/commands.h"
#include "plugins/verify.h"

namespace vhost {
namespace {

struct Line {
  std::string name, version, folder;
  Verdict verdict;
};

std::vector<Line> verify_all(const Found& found, const Options& options) {
  std::vector<Line> lines;
  const auto add = [&](const Package& package) {
    lines.push_back({package.name, package.version, package.folder.string(), verify_package(package)});
  };
  if (!options.plugin.empty()) {
    const size_t at = options.plugin.find('@');
    add(resolve(found, options.plugin.substr(0, at), at == std::string::npos ? "*" : options.plugin.substr(at + 1)));
    return lines;
  }
  for (const Package& package : found.packages) add(package);
  for (const std::string& problem : found.problems) lines.push_back({"", "", "", {false, {problem}}});
  return lines;
}

std::string text_of(const Line& line) {
  if (line.verdict.faults.empty())
    return std::string("ok      ") + line.name + " " + line.version + "  " + line.folder +
           (line.verdict.has_checksums ? "" : "  (no checksums.txt: only the library's checksum is known)");
  std::string text = "FAILED  " + (line.name.empty() ? "" : line.name + " " + line.version + "  ");
  for (size_t i = 0; i < line.verdict.faults.size(); ++i) text += (i ? "; " : "") + line.verdict.faults[i];
  return text;
}

json::object json_of(const Line& line) {
  json::array faults;
  for (const std::string& fault : line.verdict.faults) faults.emplace_back(fault);
  return {{"name", line.name},
          {"version", line.version},
          {"folder", line.folder},
          {"ok", line.verdict.faults.empty()},
          {"checksums", line.verdict.has_checksums},
          {"faults", std::move(faults)}};
}

}  // namespace

int plugin_verify_command(const Options& options) {
  bool ok = true;
  json::array list;
  for (const Line& line : verify_all(find_packages(plugin_search_path(options.plugin_path)), options)) {
    ok = ok && line.verdict.faults.empty();
    if (options.json)
      list.push_back(json_of(line));
    else
      std::cout << text_of(line) << "\n";
  }
  if (options.json) std::cout << pretty_json(list) << "\n";
  return ok ? 0 : kExitError;
}

}  // namespace vhost
