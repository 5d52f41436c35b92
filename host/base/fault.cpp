#include "base/fault.h"

#include <atomic>
#include <csignal>
#include <cstdlib>

namespace vhost {

void fault_point() {
  static const long at = [] {
    const char* text = std::getenv("VHOST_FAULT");
    return text ? std::atol(text) : 0;
  }();
  static std::atomic<long> passed = 0;
  if (at > 0 && ++passed == at) std::raise(SIGKILL);
}

}  // namespace vhost
