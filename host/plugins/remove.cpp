#include "plugins/remove.h"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "plugins/package.h"
#include "plugins/store.h"

namespace vhost {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> candidates(const RemoveRequest& request, const std::vector<fs::path>& folders) {
  std::vector<fs::path> found;
  std::set<fs::path> seen;
  for (const fs::path& path : folders) {
    std::error_code error, ignored;
    const fs::path real = fs::canonical(path, error);
    if (error || !seen.insert(real).second) continue;
    const size_t before = found.size();
    for (fs::directory_iterator it(real / request.name, error), end; !error && it != end; it.increment(error)) {
      const std::string version = it->path().filename();
      if (version[0] == '.' || (!request.version.empty() && version != request.version)) continue;
      if (fs::exists(it->path() / "plugin.json", ignored)) found.push_back(it->path());
    }
    std::sort(found.begin() + static_cast<std::ptrdiff_t>(before), found.end());
  }
  return found;
}

bool is_writable(const fs::path& package) {
  return ::access(package.parent_path().c_str(), W_OK) == 0 &&
         ::access(package.parent_path().parent_path().c_str(), W_OK) == 0;
}

std::string list(const std::vector<fs::path>& folders) {
  std::string text;
  for (const fs::path& folder : folders) text += "\n  " + folder.string();
  return text;
}

void check_choice(const RemoveRequest& request, const std::vector<fs::path>& all,
                  const std::vector<fs::path>& writable) {
  const std::string title = request.name + (request.version.empty() ? "" : " " + request.version);
  if (all.empty()) {
    std::vector<std::string> names;
    for (const Package& package : find_packages(request.search_path).packages) names.push_back(package.name);
    const std::vector<fs::path> kept = candidates(request, request.search_path);
    if (!kept.empty())
      throw Error(title + " is there, but not among what you have installed; --from FOLDER removes it:" + list(kept));
    throw Error(title + " isn't installed" + did_you_mean(request.name, names) + "; vhost plugin list shows what is");
  }
  if (writable.empty()) throw Error(title + " lies where you may not write:" + list(all));
  if (writable.size() > 1 && !request.all)
    throw Error("there are " + std::to_string(writable.size()) + " packages of " + title +
                "; say NAME@VERSION, --from FOLDER, or --all:" + list(writable));
}

}  // namespace

std::vector<fs::path> remove_packages(const RemoveRequest& request) {
  if (request.name.empty() || request.name[0] == '.' || request.name.find('/') != std::string::npos)
    throw Error("\"" + request.name + "\" is no plugin name");
  const std::vector<fs::path> all = candidates(request, request.folders);
  std::vector<fs::path> writable;
  std::ranges::copy_if(all, std::back_inserter(writable), is_writable);
  check_choice(request, all, writable);
  for (const fs::path& folder : writable)
    if (fs::is_symlink(folder) || fs::is_symlink(folder.parent_path()))
      throw Error(folder.string() + " is a link, not an installed package; remove the link itself");
  for (const fs::path& folder : writable) {
    Store store(folder.parent_path().parent_path());
    store.remove(request.name, folder.filename());
  }
  return writable;
}

}  // namespace vhost
