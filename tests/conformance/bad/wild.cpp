// Turns against its own process, in one of the ways that WILD names.
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>

#include "base.hpp"

namespace {

[[maybe_unused]] void scribble() {  // over all of the process's memory that can be written to
  std::vector<std::pair<unsigned long, unsigned long>> regions;
  char line[512], access[8];
  unsigned long from = 0, to = 0;
  FILE* maps = std::fopen("/proc/self/maps", "r");
  while (std::fgets(line, sizeof line, maps))
    if (std::sscanf(line, "%lx-%lx %7s", &from, &to, access) == 3 && access[1] == 'w') regions.emplace_back(from, to);
  for (const auto& [begin, end] : regions)
    for (unsigned long at = begin; at + 64 <= end; at += 64) *reinterpret_cast<volatile long*>(at) = 0x5a5a5a5a5a5a5a5a;
}

[[maybe_unused]] void loop() {  // for ever, without heating the tests' machine
  prctl(PR_SET_NAME, "vhost-looping");
  for (;;) usleep(1000);
}

[[maybe_unused]] void leave() {  // a process behind
  if (fork() != 0) return;
  prctl(PR_SET_NAME, "vhost-left-over");
  for (;;) pause();
}

[[maybe_unused]] void babble() {
  for (int i = 0; i < 100000; ++i) std::puts("one line after the other");
  std::puts("the end\xff");
  std::fflush(stdout);
  throw vh::Error("one\ntwo\x80three");
}

class Subject : public good::Backbone {
 public:
  using good::Backbone::Backbone;
  void run(const vh::Step& step) {
    const volatile int way = WILD;
    if (way == 1) std::exit(0);
    if (way == 2) std::abort();
    if (way == 3) loop();
    if (way == 4) scribble();
    if (way == 5) closefrom(0);
    if (way == 6) leave();
    if (way == 7) babble();
    step.out("features.0", features(step));
  }
};

}  // namespace

VH_PLUGIN(vh::backbone<Subject>("subject", "A linear layer"));
