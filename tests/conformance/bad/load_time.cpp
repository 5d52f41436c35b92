// Computes for half a second in init.
#include <ctime>

#include "base.hpp"

namespace {

int32_t init(const vh_host* host, vh_error* err) noexcept {
#ifndef FIXED
  for (const clock_t begin = clock(); clock() - begin < CLOCKS_PER_SEC / 2;) {
  }
#endif
  return good::init(host, err);
}

}  // namespace

ENTRY(init, good::get);
