// Packages written into a temporary folder.
#pragma once
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>

#include "base/files.h"
#include "base/json.h"
#include "vhost/plugin.h"

namespace vhost::test {

struct TempFolder {
  std::filesystem::path path;
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "vhost-test-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder can be made");
    path = std::filesystem::canonical(name);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TempFolder(const TempFolder&) = delete;
};

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

inline json::object component(const std::string& interface_id, const std::string& name,
                              const std::string& properties = "{}") {
  return {{"interface", interface_id},
          {"name", name},
          {"summary", "a test's"},
          {"schema", {{"type", "object"}, {"properties", json::parse(properties)}, {"additionalProperties", false}}}};
}

inline json::object metadata(const std::string& name, const std::string& version) {
  return {{"schema", 1},
          {"name", name},
          {"version", version},
          {"licence", "Apache-2.0"},
          {"description", "a test's"},
          {"abi", {{"major", VH_ABI_MAJOR}, {"minor", VH_ABI_MINOR}, {"target_minor", VH_ABI_MINOR_OLDEST}}},
          {"build", "c11"},
          {"library", "lib" + name + ".so"},
          {"sha256", std::string(64, '0')},
          {"components", json::array{component("vh.loss/1", "mse")}}};
}

// <root>/<name>/<version>/plugin.json; with a library, that is copied beside
// it and its sha256 written. Returns the folder.
inline std::filesystem::path write_package(const std::filesystem::path& root, json::object data,
                                           const std::filesystem::path& library = {}) {
  const auto folder = root / data["name"].as_string().c_str() / data["version"].as_string().c_str();
  std::filesystem::create_directories(folder);
  if (!library.empty()) {
    const auto target = folder / data["library"].as_string().c_str();
    std::filesystem::copy_file(library, target, std::filesystem::copy_options::overwrite_existing);
    data["sha256"] = sha256_file(target);
  }
  write_text(folder / "plugin.json", json::serialize(data));
  return folder;
}

// The text of the Error that fn throws, "" if it throws none.
inline std::string error_of(const std::function<void()>& fn) {
  try {
    fn();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace vhost::test
