#include "run_program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace vhost::test {
namespace fs = std::filesystem;
namespace {

fs::path folder_of(const char* variable) {
  const char* value = std::getenv(variable);
  if (!value) throw std::runtime_error(std::string(variable) + " is not set; run this through ctest");
  return value;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return (std::ostringstream() << file.rdbuf()).str();
}

// In the child: nothing but calls that are safe after fork.
[[noreturn]] void become(char* const* arguments, char* const* environment, const char* folder, int out, int err) {
  const int in = open("/dev/null", O_RDONLY);
  if (chdir(folder) == 0 && dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(err, 2) == 2)
    execvpe(arguments[0], arguments, environment);
  _exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

}  // namespace

fs::path source_folder() {
  return folder_of("VHOST_SOURCE_DIR");
}
fs::path vhost_program() {
  return folder_of("VHOST_BUILD_DIR") / "bin/vhost";
}
bool has_engine() {
  return fs::exists(folder_of("VHOST_BUILD_DIR") / "lib/libvhost_engine.so");
}

Ran run(const std::vector<std::string>& command, const fs::path& folder, const std::vector<std::string>& environment) {
  const Scratch scratch;
  const fs::path out_file = scratch.path() / "out", err_file = scratch.path() / "err";
  const int out = open(out_file.c_str(), O_WRONLY | O_CREAT, 0600),
            err = open(err_file.c_str(), O_WRONLY | O_CREAT, 0600);
  std::vector<std::string> words = command, variables = environment;
  for (char** variable = environ; *variable; ++variable) variables.emplace_back(*variable);
  const auto arguments = pointers(words), settings = pointers(variables);
  const pid_t child = fork();
  if (child == 0) become(arguments.data(), settings.data(), folder.c_str(), out, err);
  int status = 0;
  waitpid(child, &status, 0);
  close(out);
  close(err);
  Ran ran;
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  ran.out = text_of(out_file);
  ran.err = text_of(err_file);
  return ran;
}

Ran vhost(std::vector<std::string> arguments, const fs::path& folder, const std::vector<std::string>& environment) {
  arguments.insert(arguments.begin(), vhost_program());
  return run(arguments, folder, environment);
}

bool matches(std::string_view text, std::string_view pattern) {
  const size_t gap = pattern.find("...");
  if (gap == std::string_view::npos) return text == pattern;
  if (text.substr(0, gap) != pattern.substr(0, gap)) return false;
  for (size_t at = gap; at <= text.size(); ++at) {
    if (matches(text.substr(at), pattern.substr(gap + 3))) return true;
  }
  return false;
}

Scratch::Scratch() {
  std::string name = (fs::temp_directory_path() / "vhost-test-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  path_ = name;
}

Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace vhost::test
