// Why a name and a range mean the package that they mean.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "plugins/package.h"

namespace vhost {

struct Candidate {
  std::filesystem::path folder;  // of the package, or the search folder's where that holds none
  std::string version;           // "" = its plugin.json can't be read, or there is none of the name
  bool taken = false;
  std::string reason;
};

// All candidates of that name, in the order of the search path, each with the reason why it is taken or not. The choice
// is resolve()'s. Throws Error for a range that is none.
std::vector<Candidate> explain_choice(const Found& found, const std::string& name, const std::string& range);

// "" if this host can load it by what plugin.json says, or else why not.
std::string abi_problem(const Package& package);

}  // namespace vhost
