// run_many JOBS < LINES: many runs by one program, so that LibTorch is opened once. Each line of stdin holds arguments
// of `vhost`, separated by tabs; each run is a fork that does what the program would. Its output goes into the file
// that the line begins with; "CODE FILE" is printed as it ends.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>

#include "base/error.h"
#include "cli/commands.h"

namespace {

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream stream(line);
  for (std::string word; std::getline(stream, word, '\t');) words.push_back(word);
  return words;
}

int run(const std::vector<std::string>& words) {
  std::vector<const char*> argv{"vhost"};
  for (size_t i = 1; i < words.size(); ++i) argv.push_back(words[i].c_str());
  vhost::Options options;
  const int done = vhost::parse_command_line(static_cast<int>(argv.size()), argv.data(), options);
  if (done >= 0) return done;
  try {
    return vhost::run_command(options);
  } catch (const vhost::Error& error) {
    std::cerr << "error: " << error.what() << "\n";
    return error.exit_code();
  }
}

pid_t start(const std::vector<std::string>& words) {
  std::cout.flush();
  const pid_t child = ::fork();
  if (child != 0) return child;
  const int file = ::open(words.at(0).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  ::dup2(file, 1);
  ::dup2(file, 2);
  int code = 1;
  try {
    code = run(words);
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
  }
  std::cout.flush();
  std::fflush(nullptr);
  ::_exit(code);
}

}  // namespace

int main(int argc, char** argv) {
  const size_t jobs = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1;
  vhost::engine_door("vhost_engine_run");
  std::map<pid_t, std::string> running;
  const auto wait_for_one = [&] {
    int status = 0;
    const pid_t child = ::wait(&status);
    std::cout << (WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)) << " " << running[child] << "\n";
    running.erase(child);
  };
  for (std::string line; std::getline(std::cin, line);) {
    const std::vector<std::string> words = words_of(line);
    if (running.size() >= jobs) wait_for_one();
    running[start(words)] = words.at(0);
  }
  while (!running.empty()) wait_for_one();
  return 0;
}
