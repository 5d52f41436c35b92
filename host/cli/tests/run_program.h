// Runs the built `vhost` as a user would, and keeps what it printed.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace vhost::test {

struct Ran {
  int code = -1;  // exit code; 128 + signal if one killed it
  std::string out, err;
};

// The program, by VHOST_BUILD_DIR. stdin is /dev/null. `environment`: "NAME=VALUE" besides the test's own.
std::filesystem::path vhost_program();
Ran run(const std::vector<std::string>& command, const std::filesystem::path& folder = ".",
        const std::vector<std::string>& environment = {});
Ran vhost(std::vector<std::string> arguments, const std::filesystem::path& folder = ".",
          const std::vector<std::string>& environment = {});

std::filesystem::path source_folder();  // of the repository
bool has_engine();                      // was this tree built with LibTorch?

// Is `text` the pattern, in which "..." stands for any text?
bool matches(std::string_view text, std::string_view pattern);

// A fresh folder that is removed at the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace vhost::test
