#include "plugins/explain.h"

#include "vhost/abi.h"

namespace vhost {
namespace {

namespace fs = std::filesystem;

std::string out_of_range(const Package& package, const std::string& range) {
  if (version_in_bounds(package.version, range))
    return "it is a pre-release, and \"" + range + "\" names no pre-release of the same MAJOR.MINOR.PATCH";
  return "it isn't in the range \"" + range + "\"";
}

std::string reason_of(const Package& package, const Package* best, const std::string& range) {
  const std::string problem = abi_problem(package), unfit = problem.empty() ? "" : "; besides, " + problem;
  if (!version_matches(package.version, range)) return out_of_range(package, range) + unfit;
  if (&package == best)
    return problem.empty() ? "the highest version in the range" : "the highest version in the range, but " + problem;
  if (compare_versions(package.version, best->version) == 0)
    return "the same version is found earlier on the search path, in " + best->folder.string() + unfit;
  return best->version + " is higher" + unfit;
}

bool is_below(const fs::path& folder, const fs::path& file) {
  return file.string().starts_with(folder.lexically_normal().string() + "/");
}

}  // namespace

std::string abi_problem(const Package& package) {
  const auto abi = [](uint32_t major, uint32_t minor) { return std::to_string(major) + "." + std::to_string(minor); };
  const std::string host = abi(VH_ABI_MAJOR, VH_ABI_MINOR);
  if (package.abi_major != VH_ABI_MAJOR)
    return "it is built for ABI " + abi(package.abi_major, package.abi_minor) + ", this host has " + host;
  if (package.target_minor > VH_ABI_MINOR)
    return "it needs ABI " + abi(package.abi_major, package.target_minor) + ", this host has " + host;
  return "";
}

std::vector<Candidate> explain_choice(const Found& found, const std::string& name, const std::string& range) {
  version_matches("0.0.0", range);  // a bad range is an error whatever is installed
  const Package* best = nullptr;
  for (const Package& package : found.packages) {
    if (package.name != name || !version_matches(package.version, range)) continue;
    if (!best || compare_versions(package.version, best->version) > 0) best = &package;
  }
  std::vector<Candidate> candidates;
  for (const fs::path& folder : found.searched) {
    const size_t before = candidates.size();
    for (const Package& package : found.packages)
      if (package.name == name && is_below(folder, package.folder))
        candidates.push_back({package.folder, package.version, &package == best, reason_of(package, best, range)});
    for (const std::string& problem : found.problems)
      if (is_below(folder / name, problem)) candidates.push_back({folder / name, "", false, "not usable: " + problem});
    std::error_code error;
    const bool there = fs::is_directory(folder, error);
    if (candidates.size() == before)
      candidates.push_back({folder, "", false, there ? "holds no " + name : "there is no such folder"});
  }
  return candidates;
}

}  // namespace vhost
