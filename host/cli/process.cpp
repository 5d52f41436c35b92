#include "cli/process.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace vhost {

// Note [Large allocations]
// glibc gives freed memory back to the system from 128 KiB on, so that each step touches all of its memory for the
// first time: 400 000 page faults in 300 steps of a tiny model, against 3 000 (and steps a tenth faster) where the heap
// is kept and lies in large pages. 32 MiB is the highest threshold that glibc takes.
static bool keep_heap() {
  if (getenv("GLIBC_TUNABLES")) return false;
  setenv("GLIBC_TUNABLES",
         "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=33554432:glibc.malloc.trim_threshold=4294967296:"
         "glibc.malloc.top_pad=67108864",
         /*overwrite=*/0);
  return true;
}

// Note [Waiting threads]
// Between two parallel regions libgomp's threads spin, by default for about a millisecond. Where they share cores with
// anything (this program's own workers, other jobs) that costs a multiple of the work itself: of a tiny model's steps
// on two cores with six other processes, the mean took 1 130 ms, against 58 ms at 30 000 turns. Sleeping sooner costs a
// quiet machine: 12.8 ms a step at 1 000 turns, 5.6 ms at 30 000 as by default.
static bool let_threads_sleep() {
  if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT")) return false;
  setenv("GOMP_SPINCOUNT", "30000", /*overwrite=*/0);
  return true;
}

void start_with_settings(char** argv) {
  // A loader may drop settings (of programs with capabilities, say): never a third start.
  constexpr const char* kStarted = "VHOST_STARTED_AGAIN";
  if (getenv(kStarted)) {
    unsetenv(kStarted);
    return;
  }
  const bool heap = keep_heap(), threads = let_threads_sleep();
  std::error_code error;
  const auto program =
      std::filesystem::read_symlink("/proc/self/exe", error);  // by its path: the process keeps its name
  if ((!heap && !threads) || error) return;
  setenv(kStarted, "1", 1);
  execv(program.c_str(), argv);
  unsetenv(kStarted);  // the program runs on as it is, only slower
}

}  // namespace vhost
