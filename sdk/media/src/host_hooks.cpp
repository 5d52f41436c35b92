#include <vhost/media/dataset.h>

namespace vh::media {
namespace {

int32_t call_range(void* function, int64_t begin, int64_t end) {
  (*static_cast<const Hooks::Range*>(function))(begin, end);
  return VH_OK;
}

}  // namespace

Hooks host_hooks(const char* component) {
  Hooks hooks;
  if (const auto* parallel = services().parallel)
    hooks.parallel = [parallel](int64_t n, const Hooks::Range& fn) {
      parallel->for_range(n, 1, call_range, const_cast<Hooks::Range*>(&fn));
    };
  if (const auto* log = services().log) {
    hooks.progress = [log](const char* what, int64_t done, int64_t total) { log->progress(what, done, total); };
    hooks.cancelled = [log] { return log->cancelled() != 0; };
    hooks.note = [log, component = std::string(component)](const std::string& text) {
      log->write(VH_LOG_WARN, component.c_str(), text.c_str());
    };
  }
  return hooks;
}

}  // namespace vh::media
