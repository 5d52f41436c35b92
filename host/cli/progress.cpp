#include "cli/progress.h"

#include <unistd.h>

#include <cstdio>

namespace vhost {

void show_progress(const std::string& what, int64_t done, int64_t total) {
  static const bool terminal = isatty(STDERR_FILENO) != 0;
  if (!terminal || (done % 16 != 0 && done != total)) return;
  std::fprintf(stderr, "\r%s %lld", what.c_str(), static_cast<long long>(done));
  if (total > 0) std::fprintf(stderr, "/%lld%s", static_cast<long long>(total), done == total ? "\n" : "");
}

}  // namespace vhost
