#include <algorithm>
#include <iostream>

#include "base/json.h"
#include "cli/commands.h"
#include "plugins/explain.h"

namespace vhost {

int plugin_explain_command(const Options& options) {
  const Found found = find_packages(plugin_search_path(options.plugin_path));
  const auto candidates = explain_choice(found, options.plugin, options.range);
  json::array list;
  for (const Candidate& candidate : candidates) {
    list.push_back(json::object{{"folder", candidate.folder.string()},
                                {"version", candidate.version},
                                {"taken", candidate.taken},
                                {"reason", candidate.reason}});
    if (options.json) continue;
    std::cout << (candidate.taken ? "taken     " : "rejected  ")
              << (candidate.version.empty() ? "" : candidate.version + "  ") << candidate.folder.string()
              << "\n          " << candidate.reason << "\n";
  }
  if (options.json) std::cout << pretty_json(list) << "\n";
  const bool any = std::ranges::any_of(candidates, &Candidate::taken);
  if (!any && !options.json) std::cout << "No package is taken for " << options.plugin << " " << options.range << ".\n";
  return any ? 0 : kExitError;
}

}  // namespace vhost
