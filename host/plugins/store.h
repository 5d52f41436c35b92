// A folder of installed packages, <folder>/<name>/<version>/, while one process changes it.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace vhost {

// Makes the folder if need be and locks it (waiting for another process; the lock ends with the process, however that
// ends), then removes what a killed process left behind. Changes become visible by one rename each: what is written or
// deleted lies in hidden folders that no search looks into. Throws Error.
class Store {
 public:
  explicit Store(const std::filesystem::path& folder);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const std::filesystem::path& path() const { return folder_; }  // absolute, links followed
  std::filesystem::path make_hidden();                           // a fresh hidden folder in it

  enum class Placed { kNew, kReplaced };
  // Renames the package folder `from` to <name>/<version>, where nothing may be, or which it replaces at once.
  Placed place(const std::filesystem::path& from, const std::string& name, const std::string& version, bool replace);
  void remove(const std::string& name, const std::string& version);

 private:
  void remove_hidden();
  std::filesystem::path folder_;
  int descriptor_ = -1;
};

// A new file of mode 0644 in folders of mode 0755, which are made as needed below a hidden folder.
class NewFile {
 public:
  NewFile(const std::filesystem::path& root, const std::string& path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  void write(std::string_view bytes);
  void finish();  // to the disk

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

void sync_folders(const std::filesystem::path& root);  // root and all below it, to the disk

}  // namespace vhost
