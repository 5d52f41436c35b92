#include <cstdio>

#include "services/services.h"
#include "services/tables.h"

namespace vhost {

std::atomic<bool> cancel_requested{false};

namespace {

LogHooks& hooks() {
  static auto* instance = new LogHooks;  // leaked: plugins may log while the process ends
  return *instance;
}

void log_write(int32_t level, const char* part, const char* text) {
  try {
    std::string line = text ? text : "";
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    const std::string from = part ? part : "";
    if (level < VH_LOG_DEBUG) level = VH_LOG_DEBUG;
    if (level > VH_LOG_ERROR) level = VH_LOG_ERROR;
    if (hooks().write) {
      hooks().write(level, from, line);
    } else if (level >= VH_LOG_WARN) {
      std::fprintf(stderr, "%s%s%s\n", from.c_str(), from.empty() ? "" : ": ", line.c_str());
    }
  } catch (...) {
  }
}

void log_scalar(const char* name, vh_tensor* one_element) {
  try {
    if (name && hooks().scalar) hooks().scalar(name, one_element);
  } catch (...) {
  }
}

void log_progress(const char* what, int64_t done, int64_t total) {
  try {
    if (hooks().progress) hooks().progress(what ? what : "", done, total);
  } catch (...) {
  }
}

int32_t log_cancelled() {
  return cancel_requested.load(std::memory_order_relaxed) ? 1 : 0;
}

}  // namespace

void set_log_hooks(LogHooks next) {
  hooks() = std::move(next);
}

const vh_log_1 kLogTable = {sizeof(vh_log_1), 0, log_write, log_scalar, log_progress, log_cancelled};

}  // namespace vhost
