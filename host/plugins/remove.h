// Takes installed packages away.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace vhost {

struct RemoveRequest {
  std::string name, version;                       // version "": the only one there is
  std::vector<std::filesystem::path> search_path;  // where packages are looked for
  std::vector<std::filesystem::path> folders;      // from which of these they may be removed
  bool all = false;                                // every version, in every one of `folders` that can be written to
};

// Returns the folders that were removed, each at once. Removes broken packages too. Throws Error, and has removed
// nothing, if the name means none, several (and not `all`), or one that lies elsewhere
// or can't be written to.
std::vector<std::filesystem::path> remove_packages(const RemoveRequest& request);

}  // namespace vhost
