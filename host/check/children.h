// Runs checks in child processes: what a plugin does to its process it does to the child's alone.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "check/checks.h"

namespace vhost::check {

enum class Status { pass, fail, skip };

struct Verdict {
  Status status = Status::skip;
  std::string reason;  // empty for a pass
  std::string output;  // the end of what the child printed
  double seconds = 0;
};

struct Task {
  const Check* check = nullptr;
  const Case* subject = nullptr;
};

struct Limits {
  double timeout_seconds = 60;  // wall clock
  int at_once = 1;
};

// Runs each task in a child of its own, `at_once` at a time; done(i, verdict) comes in the order in which they end. A
// child that ends without a verdict has failed, and one that exceeds the time is killed with its process group. The
// calling process must have one thread only: children of a process with threads may wait for locks for ever.
void run_in_children(const std::vector<Task>& tasks, const Limits& limits,
                     const std::function<void(size_t, const Verdict&)>& done);

int threads_of_this_process();

}  // namespace vhost::check
