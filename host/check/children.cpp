#include "check/children.h"

#include <ATen/Parallel.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <list>

#include "base/clock.h"
#include "base/json.h"
#include "gateway/internal.h"
#include "services/services.h"

namespace vhost::check {

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kLongestReason = 3000, kLongestOutput = 4000;  // a verdict fits into a pipe, and is written at once

struct Pipe {
  int read_end = -1, write_end = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(std::string("can't make a pipe: ") + std::strerror(errno));
    read_end = ends[0], write_end = ends[1];
    ::fcntl(read_end, F_SETFL, O_NONBLOCK);
  }
  ~Pipe() {
    close_end(read_end);
    close_end(write_end);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  static void close_end(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  // Everything that lies in it; false at its end.
  bool drain(std::string& into, size_t keep) {
    char buffer[4096];
    for (;;) {
      const ssize_t n = ::read(read_end, buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return n < 0;
      into.append(buffer, static_cast<size_t>(n));
      if (into.size() > 2 * keep) into.erase(0, into.size() - keep);
    }
  }
};

struct Child {
  size_t task = 0;
  pid_t pid = -1;
  Pipe result, output;
  std::string token, result_text, output_text;
  Clock::time_point began = Clock::now();
  bool timed_out = false, ended = false;

  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid > 0 && !ended) end_group(), ::waitpid(pid, nullptr, 0);
  }
  void end_group() const { ::kill(-pid, SIGKILL); }
};

volatile std::sig_atomic_t interrupted = 0;

// While it lives, a signal to stop ends run_in_children in good order instead of the process.
class StopScope {
 public:
  StopScope() {
    struct sigaction action {};
    action.sa_handler = [](int signal) { interrupted = signal; };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < std::size(kSignals); ++i) ::sigaction(kSignals[i], &action, &before_[i]);
  }
  ~StopScope() { restore(); }
  StopScope(const StopScope&) = delete;
  StopScope& operator=(const StopScope&) = delete;
  void restore() const {
    for (size_t i = 0; i < std::size(kSignals); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
  }

 private:
  static constexpr int kSignals[] = {SIGINT, SIGTERM};
  struct sigaction before_[std::size(kSignals)];
};

// Unknown to the plugin beforehand: what it writes to a descriptor by mistake is no verdict.
std::string random_token() {
  unsigned char bytes[12] = {};
  if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes) throw Error("the system gives no random numbers");
  std::string token;
  for (const unsigned char byte : bytes) token += "0123456789abcdef"[byte & 15];
  return token;
}

std::pair<Status, std::string> judge(const Task& task) {
  try {
    task.check->run(*task.subject);
    return {Status::pass, ""};
  } catch (const Skipped& reason) {
    return {Status::skip, reason.what()};
  } catch (...) {
    return {Status::fail, describe_exception().second};  // without LibTorch's backtrace
  }
}

void confine(const Child& child) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(child.output.write_end, STDOUT_FILENO);
  ::dup2(child.output.write_end, STDERR_FILENO);
  // If memory runs out, it's this process that the system ends.
  if (const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC); fd >= 0) {
    [[maybe_unused]] const ssize_t n = ::write(fd, "1000", 4);
    ::close(fd);
  }
  at::set_num_threads(1);
  set_parallel_threads(1);
}

[[noreturn]] void be_child(const Child& child, const Task& task) {
  confine(child);
  const auto [status, reason] = judge(task);
  const std::string text =
      child.token + std::to_string(static_cast<int>(status)) + reason.substr(0, kLongestReason) + child.token;
  [[maybe_unused]] const ssize_t n = ::write(child.result.write_end, text.data(), text.size());
  ::_exit(0);
}

std::string how_it_ended(int status) {
  if (WIFEXITED(status)) return "ended the process with exit status " + std::to_string(WEXITSTATUS(status));
  const int signal = WTERMSIG(status);
  return "ended the process with signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
}

// A plugin's words, fit for a terminal and for JSON.
std::string printable(std::string_view text, bool lines) {
  std::string clean;
  for (size_t i = 0; i < text.size();) {
    const size_t n = utf8_length(text, i);
    const bool control = static_cast<unsigned char>(text[i]) < 0x20 || text[i] == 0x7f;
    if (n == 0)
      clean += '?';
    else if (control)
      clean += lines && text[i] == '\n' ? '\n' : ' ';
    else
      clean += text.substr(i, n);
    i += std::max<size_t>(n, 1);
  }
  return clean;
}

Verdict verdict_of(const Child& child, int status, const Limits& limits) {
  Verdict verdict;
  verdict.seconds = seconds_since(child.began);
  const size_t shown = std::min(child.output_text.size(), kLongestOutput);
  verdict.output =
      printable(std::string_view(child.output_text).substr(child.output_text.size() - shown), /*lines=*/true);
  const std::string& text = child.result_text;
  const size_t begin = child.token.size(), least = 2 * begin + 1;
  if (text.size() >= least && text.starts_with(child.token) && text.ends_with(child.token) && text[begin] >= '0' &&
      text[begin] <= '2') {
    verdict.status = static_cast<Status>(text[begin] - '0');
    verdict.reason = printable(std::string_view(text).substr(begin + 1, text.size() - least), /*lines=*/false);
    return verdict;
  }
  verdict.status = Status::fail;
  if (child.timed_out) {
    char limit[32];
    std::snprintf(limit, sizeof limit, "%g s", limits.timeout_seconds);
    verdict.reason = std::string("gave no result within ") + limit;
  } else {
    verdict.reason = how_it_ended(status);
  }
  return verdict;
}

std::unique_ptr<Child> start(size_t i, const Task& task, const StopScope& stop) {
  auto child = std::make_unique<Child>();
  child->task = i;
  child->token = random_token();
  std::fflush(nullptr);
  child->pid = ::fork();
  if (child->pid < 0) throw Error(std::string("can't start a process for a check: ") + std::strerror(errno));
  if (child->pid == 0) {
    stop.restore();
    be_child(*child, task);
  }
  ::setpgid(child->pid, child->pid);
  Pipe::close_end(child->result.write_end);
  Pipe::close_end(child->output.write_end);
  return child;
}

// Waits for output or a while; true if the child has ended, with its status.
bool ended(Child& child, const Limits& limits, int& status) {
  child.result.drain(child.result_text, 2 * kLongestReason);
  child.output.drain(child.output_text, kLongestOutput);
  const std::chrono::duration<double> elapsed = Clock::now() - child.began;
  if (elapsed.count() > limits.timeout_seconds && !child.timed_out) {
    child.timed_out = true;
    child.end_group();
  }
  if (::waitpid(child.pid, &status, WNOHANG) != child.pid) return false;
  child.ended = true;
  child.end_group();  // what it has started, which is now this process's
  while (::waitpid(-child.pid, nullptr, 0) > 0) {
  }
  child.result.drain(child.result_text, 2 * kLongestReason);
  child.output.drain(child.output_text, kLongestOutput);
  return true;
}

[[noreturn]] void stop_here() {
  Error stopped("stopped");
  stopped.exit_code(128 + interrupted);
  throw Error(stopped);
}

void wait_a_little(const std::list<std::unique_ptr<Child>>& children) {
  std::vector<pollfd> fds;
  for (const auto& child : children) fds.push_back({child->output.read_end, POLLIN, 0});
  ::poll(fds.data(), fds.size(), 5);
}

}  // namespace

int threads_of_this_process() {
  int n = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) ++n;
  return n;
}

void run_in_children(const std::vector<Task>& tasks, const Limits& limits,
                     const std::function<void(size_t, const Verdict&)>& done) {
  if (threads_of_this_process() != 1) throw Error("the kit's own process has more than one thread: it can't fork");
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const StopScope stop;
  std::list<std::unique_ptr<Child>> running;
  for (size_t next = 0; next < tasks.size() || !running.empty();) {
    while (next < tasks.size() && running.size() < static_cast<size_t>(limits.at_once)) {
      running.push_back(start(next, tasks[next], stop));
      ++next;
    }
    wait_a_little(running);
    if (interrupted) stop_here();
    for (auto it = running.begin(); it != running.end();) {
      int status = 0;
      if (ended(**it, limits, status)) {
        done((*it)->task, verdict_of(**it, status, limits));
        it = running.erase(it);
      } else {
        ++it;
      }
    }
  }
}

}  // namespace vhost::check
