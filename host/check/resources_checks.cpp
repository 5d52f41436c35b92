#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "check/children.h"
#include "check/work.h"

namespace vhost::check {

namespace {

constexpr int kWarmSteps = 50, kSteps = 250;
constexpr int64_t kGrowth = int64_t{4} << 20;

void handles(const Case& subject) {
  Work work(subject);
  int64_t warm = 0;
  for (int i = 0; i < kSteps; ++i) {
    work.step(VH_TRAIN);
    if (i + 1 == kWarmSteps) warm = live_handles();
  }
  if (live_handles() != warm)
    throw Failed("holds " + std::to_string(warm) + " tensors after 50 steps, " + std::to_string(live_handles()) +
                 " after 250: a handle isn't released");
}

int64_t resident_bytes() {
  ::malloc_trim(0);
  int64_t all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

void memory(const Case& subject) {
  Work work(subject);
  int64_t warm = 0;
  for (int i = 0; i < kSteps; ++i) {
    work.step(VH_TRAIN);
    if (i + 1 == kWarmSteps) warm = resident_bytes();
  }
  const int64_t growth = resident_bytes() - warm;
  if (growth < kGrowth) return;
  char text[96];
  std::snprintf(text, sizeof text, "memory grows by %.1f MB between step 50 and step 250",
                static_cast<double>(growth) / (1 << 20));
  throw Failed(text);
}

// None are left when the object is gone; one that is about to end gets a moment.
void threads(const Case& subject) {
  load(subject);
  const int before = threads_of_this_process();
  {
    Work work(subject);
    for (int i = 0; i < 3; ++i) work.step(VH_TRAIN);
  }
  for (int i = 0; i < 100 && threads_of_this_process() > before; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  if (const int left = threads_of_this_process() - before; left > 0)
    throw Failed("leaves " + std::to_string(left) + " threads behind when its object is destroyed");
}

}  // namespace

std::vector<Check> resources_checks() {
  return {
      {"resources.handles", kAll, handles}, {"resources.memory", kAll, memory}, {"resources.threads", kAll, threads}};
}

}  // namespace vhost::check
