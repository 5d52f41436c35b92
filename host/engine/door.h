// What the engine's doors do with errors, so that none leaves the library.
#pragma once
#include <cstdio>
#include <exception>

#include "base/error.h"

#define VHOST_DOOR extern "C" __attribute__((visibility("default")))

namespace vhost {

// work() returns the exit code; what it throws is printed, and its exit code returned.
template <class Work>
int behind_door(Work&& work) {
  try {
    return work();
  } catch (const Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}

}  // namespace vhost
