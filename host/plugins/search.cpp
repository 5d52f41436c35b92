// Where packages are looked for, and which of them a name and a range mean.
#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <set>

#include "plugins/package.h"

namespace vhost {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> split_path(const char* text) {
  std::vector<std::string> parts;
  std::string rest = text ? text : "";
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    if (colon != 0) parts.push_back(rest.substr(0, colon));  // an empty entry would be the current folder
    rest = colon == std::string::npos ? "" : rest.substr(colon + 1);
  }
  return parts;
}

// XDG folders that aren't absolute are to be ignored (XDG Base Directory Specification).
std::vector<fs::path> plugins_below(const std::vector<std::string>& folders) {
  std::vector<fs::path> paths;
  for (const auto& folder : folders)
    if (folder[0] == '/') paths.push_back(fs::path(folder) / "vhost" / "plugins");
  return paths;
}

std::vector<fs::path> users_data_folder() {
  const char *data_home = std::getenv("XDG_DATA_HOME"), *home = std::getenv("HOME");
  if (data_home && *data_home) return plugins_below({data_home});
  return home && *home ? plugins_below({std::string(home) + "/.local/share"}) : std::vector<fs::path>{};
}

std::vector<fs::path> system_data_folders() {
  const char* data_dirs = std::getenv("XDG_DATA_DIRS");
  return plugins_below(split_path(data_dirs && *data_dirs ? data_dirs : "/usr/local/share:/usr/share"));
}

std::vector<fs::path> named_folders(const std::vector<std::string>& command_line) {
  std::vector<fs::path> paths;
  for (const auto& folder : command_line)
    if (!folder.empty()) paths.push_back(fs::absolute(folder).lexically_normal());
  for (const auto& folder : split_path(std::getenv("VHOST_PLUGIN_PATH")))
    paths.push_back(fs::absolute(folder).lexically_normal());
  return paths;
}

std::vector<fs::path> folders_beside_the_program() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const fs::path prefix = program.parent_path().parent_path();
  return {prefix / "plugins", prefix / "lib" / "vhost" / "plugins"};
}

void append(std::vector<fs::path>& paths, std::vector<fs::path> more) {
  std::ranges::move(more, std::back_inserter(paths));
}

// Folders in a folder, sorted by name, hidden ones left out.
std::vector<fs::path> folders_in(const fs::path& folder, std::vector<std::string>& problems) {
  std::vector<fs::path> result;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_directory(ignored) && it->path().filename().string()[0] != '.') result.push_back(it->path());
  }
  if (error && error != std::errc::no_such_file_or_directory && error != std::errc::not_a_directory)
    problems.push_back(folder.string() + ": can't be read: " + error.message());
  std::sort(result.begin(), result.end());
  return result;
}

void add_package(const fs::path& folder, Found& found) {
  const std::string file = (folder / "plugin.json").string();
  std::error_code error;
  if (!fs::exists(folder / "plugin.json", error)) return;
  try {
    Package package = read_package(folder);
    const std::string name = folder.parent_path().filename(), version = folder.filename();
    if (package.name != name) throw Error(file + ": name is \"" + package.name + "\", its folder \"" + name + "\"");
    if (package.version != version)
      throw Error(file + ": version is \"" + package.version + "\", its folder \"" + version + "\"");
    found.packages.push_back(std::move(package));
  } catch (const std::exception& problem) {
    found.problems.push_back(problem.what());
  }
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string looked_in(const Found& found) {
  std::vector<std::string> folders;
  std::error_code error;
  for (const auto& path : found.searched)
    folders.push_back(path.string() + (fs::is_directory(path, error) ? "" : " (no such folder)"));
  return "; looked in " + (folders.empty() ? "no folder" : join(folders));
}

// Packages of that name which couldn't be read are a likely reason.
std::string broken_ones(const Found& found, const std::string& name) {
  std::string text;
  for (const auto& problem : found.problems)
    if (problem.find("/" + name + "/") != std::string::npos) text += "; not usable: " + problem;
  return text;
}

}  // namespace

std::vector<fs::path> plugin_search_path(const std::vector<std::string>& command_line) {
  std::vector<fs::path> paths = named_folders(command_line);
  append(paths, folders_beside_the_program());
  append(paths, users_data_folder());
  append(paths, system_data_folders());
  return paths;
}

std::vector<fs::path> users_plugin_path(const std::vector<std::string>& command_line) {
  std::vector<fs::path> paths = named_folders(command_line);
  append(paths, users_data_folder());
  return paths;
}

Found find_packages(const std::vector<fs::path>& search_path) {
  Found found;
  std::set<fs::path> seen;
  for (const auto& path : search_path) {
    std::error_code error;
    const fs::path real = fs::weakly_canonical(path, error);
    if (!seen.insert(error ? path : real).second) continue;
    found.searched.push_back(path);
    for (const auto& plugin : folders_in(path, found.problems))
      for (const auto& version : folders_in(plugin, found.problems)) add_package(version, found);
  }
  return found;
}

const Package& resolve(const Found& found, const std::string& name, const std::string& range) {
  const Package* best = nullptr;
  std::vector<std::string> versions, names;
  version_matches("0.0.0", range);  // a bad range is an error whatever is installed
  for (const Package& package : found.packages) {
    if (std::find(names.begin(), names.end(), package.name) == names.end()) names.push_back(package.name);
    if (package.name != name) continue;
    versions.push_back(package.version + " (" + package.folder.string() + ")");
    if (!version_matches(package.version, range)) continue;
    if (!best || compare_versions(package.version, best->version) > 0) best = &package;
  }
  if (best) return *best;
  if (!versions.empty())
    throw Error("no version of plugin \"" + name + "\" matches \"" + range + "\": there are " + join(versions) +
                broken_ones(found, name) + looked_in(found));
  std::sort(names.begin(), names.end());
  throw Error("plugin \"" + name + "\" isn't installed" + did_you_mean(name, names) + ": there are " +
              (names.empty() ? "none" : join(names)) + broken_ones(found, name) + looked_in(found));
}

}  // namespace vhost
