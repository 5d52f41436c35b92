// What the engine's doors do with errors, so that none leaves the library.
#pragma once
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

#include "base/error.h"

#define VHOST_DOOR extern "C" __attribute__((visibility("default")))

namespace vhost {

// LibTorch's errors bring the list of calls that led to them, which tells a user nothing.
inline void print_foreign_error(const std::exception& error) {
  const std::string text = error.what();
  const size_t calls = std::min(text.find("\nException raised from"), text.find("\nframe #0"));
  std::fprintf(stderr, "error: %s\n", text.substr(0, calls).c_str());
}

// work() returns the exit code; what it throws is printed, and its exit code returned.
template <class Work>
int behind_door(Work&& work) {
  try {
    return work();
  } catch (const Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    print_foreign_error(error);
    return 1;
  }
}

}  // namespace vhost
