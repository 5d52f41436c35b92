// plugin_load_bench PACKAGE_FOLDER [LIBRARY...]: milliseconds that the host takes to check, open and start one plugin,
// once its own third-party LIBRARIES are in the process.
#include <dlfcn.h>

#include <chrono>
#include <cstdio>

#include "plugins/loader.h"
#include "services/services.h"

namespace {
using Clock = std::chrono::steady_clock;
double milliseconds_since(Clock::time_point start) {
  return 1e3 * std::chrono::duration<double>(Clock::now() - start).count();
}
}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  for (int i = 2; i < argc; ++i)
    if (!dlopen(argv[i], RTLD_NOW | RTLD_LOCAL)) return std::fprintf(stderr, "%s\n", dlerror()), 1;
  try {
    const vhost::Package package = vhost::read_package(argv[1]);
    const vh_host* host = vhost::host_table();
    const auto start = Clock::now();
    vhost::load_plugin(package, host);
    std::printf("%.3f\n", milliseconds_since(start));
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "%s\n", error.what()), 1;
  }
}
