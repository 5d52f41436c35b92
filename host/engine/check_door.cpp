#include <cstdio>

#include "check/kit.h"

extern "C" __attribute__((visibility("default"))) int vhost_engine_check(const vhost::CheckRequest* request) {
  try {
    return vhost::check::Kit(*request).run();
  } catch (const vhost::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
