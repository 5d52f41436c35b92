// Messages, scalars, progress, cancelling, and loops on the host's threads.
#pragma once
#include <exception>
#include <mutex>

#include "handle.hpp"

namespace vh {

// [any] One line in the run's log.
inline void log(int32_t level, const std::string& part, const std::string& message) {
  if (services().log) services().log->write(level, part.c_str(), message.c_str());
}
// [step] A one-element tensor into the metrics, without waiting for the device.
inline void log_scalar(const std::string& name, const Tensor& value) {
  if (services().log) services().log->scalar(name.c_str(), value.get());
}
// [setup] Call it now and then in long work; throws when the user asked to stop.
inline void progress(const std::string& what, int64_t done, int64_t total) {
  if (!services().log) return;
  services().log->progress(what.c_str(), done, total);
  if (services().log->cancelled()) throw Error("cancelled", VH_ERR_CANCELLED);
}

// [any] fn(begin, end) on disjoint half-open ranges that cover [0, n), at least `grain` long but the last. Throws the
// first exception. Inline in [worker] and nested calls.
template <class F>
void parallel_for(int64_t n, int64_t grain, const F& fn) {
  struct Context {
    const F& fn;
    std::mutex mutex = {};
    std::exception_ptr first = {};
  } context{fn};
  if (!services().parallel) return fn(int64_t{0}, n);
  const auto call = [](void* ctx, int64_t begin, int64_t end) noexcept -> int32_t {
    auto& c = *static_cast<Context*>(ctx);
    try {
      c.fn(begin, end);
      return VH_OK;
    } catch (...) {
      const std::scoped_lock lock(c.mutex);
      if (!c.first) c.first = std::current_exception();
      return VH_ERR;
    }
  };
  const int32_t status = services().parallel->for_range(n, grain, call, &context);
  if (context.first) std::rethrow_exception(context.first);
  detail::check(status, detail::new_error(), "parallel_for");
}

}  // namespace vh
