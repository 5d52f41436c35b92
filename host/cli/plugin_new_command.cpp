#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>

#include "base/error.h"
#include "base/files.h"
#include "cli/commands.h"
#include "cli/templates.h"

namespace vhost {
namespace fs = std::filesystem;
namespace {

using Files = std::map<std::string, std::string>;  // path in the new folder -> text

std::string replaced(std::string text, const std::string& word, const std::string& value) {
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + value.size()))
    text.replace(at, word.size(), value);
  return text;
}

// The package's name becomes a CMake target, a file name and a key of manifests.
void check_name(const std::string& name) {
  if (!std::regex_match(name, std::regex("[a-z][a-z0-9_-]{0,63}")))
    throw Error("'" + name + "' can't be a plugin's name: want a-z, then at most 63 of a-z, 0-9, _ and -");
}

// The template's text under each path of the new folder, with its words filled in.
Files files_of(const Options& options) {
  const std::string source = options.c ? "plugin.c" : "plugin.cpp";
  const std::string unused = options.c ? "src/plugin.cpp" : "src/plugin.c";
  Files files;
  std::string use;
  for (const auto& [path, text] : template_files()) {
    const size_t slash = path.find('/');
    const std::string group(path.substr(0, slash)), rest(path.substr(slash + 1));
    if (path == "common/USE.md")
      use = text;
    else if (path == "licences/" + options.licence)
      files["LICENSE"] = text;
    else if (group == "common" || (group == options.kind && rest != unused))
      files[rest] = text;
  }
  files["README.md"] += use;
  for (auto& [path, text] : files) {
    for (const auto& [word, value] : {std::pair<std::string, std::string>{"@NAME@", options.plugin},
                                      {"@SOURCE@", source},
                                      {"@SDK@", VHOST_SDK_VERSION},
                                      {"@LICENCE@", options.licence}})
      text = replaced(std::move(text), word, value);
  }
  return files;
}

void write_file(const fs::path& path, const std::string& text) {
  make_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw Error(path.string() + ": can't be written: is the disk full?");
}

// All of it or nothing: written beside, then renamed.
void write_folder(const fs::path& folder, const Files& files) {
  std::string beside =
      (fs::absolute(folder).parent_path() / ("." + folder.filename().string() + ".new-XXXXXX")).string();
  make_directories(fs::path(beside).parent_path());
  if (!mkdtemp(beside.data())) throw Error(folder.string() + ": can't be made: " + std::strerror(errno));
  try {
    for (const auto& [path, text] : files) write_file(fs::path(beside) / path, text);
    fs::permissions(beside, fs::perms(0755));
    fs::rename(beside, folder);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(beside, ignored);
    throw;
  }
}

}  // namespace

int plugin_new_command(const Options& options) {
  check_name(options.plugin);
  const fs::path folder =
      (options.output.empty() ? fs::path(options.plugin) : fs::path(options.output)).lexically_normal();
  if (fs::exists(fs::symlink_status(folder)))
    throw Error(folder.string() + " exists already; remove it, or choose another folder with --output");
  const Files files = files_of(options);
  write_folder(folder, files);
  std::cout << folder.string() << "/\n";
  for (const auto& [path, text] : files)
    std::cout << "  " << path << ", " << std::count(text.begin(), text.end(), '\n') << " lines\n";
  std::cout << "\nBuild and test it:\n  cd " << folder.string()
            << " && cmake -B build && cmake --build build && ctest --test-dir build\n"
               "(-DCMAKE_PREFIX_PATH=FOLDER, if the SDK is not installed under /usr or /usr/local)\n";
  return 0;
}

}  // namespace vhost
