// The services that need no LibTorch (config, specs, log, parallel), and the table of all services.
#pragma once
#include <atomic>
#include <functional>
#include <string>

#include "base/json.h"
#include "vhost/vhost.h"

namespace vhost {

// A parameter node for vh_build.params; the value must outlive its use.
inline const vh_node* node_of(const json::value& value) {
  return reinterpret_cast<const vh_node*>(&value);
}

// Where vh.log/1 goes. Set once at start-up, before any plugin is loaded; callable from any thread.
struct LogHooks {
  std::function<void(int level, const std::string& part, const std::string& text)> write;
  std::function<void(const std::string& name, vh_tensor* value)> scalar;
  std::function<void(const std::string& what, int64_t done, int64_t total)> progress;
};
void set_log_hooks(LogHooks hooks);
extern std::atomic<bool> cancel_requested;  // set by the signal handler; vh.log/1 cancelled()

// Marks this thread as [worker]: operators refuse, parallel runs inline. Ranges of for_range run as [worker] too.
class WorkerScope {
 public:
  WorkerScope();
  ~WorkerScope();
};
bool in_worker();

// How many threads vh.parallel/1 uses, the caller's among them; 0 = all
// cores (the default). Before the first for_range.
void set_parallel_threads(int threads);

// get_service looks tables up here; register before the first plugin is loaded. Tables must be static.
void register_service(const char* id, const void* table);
const vh_host* host_table();  // with config, specs, log, parallel registered

// Throws Error if status is not VH_OK: message from err, prefixed by `part` (e.g. "videomae/vit"), with `where` in
// brackets; Error::json_pointer() is that of err, below the part's own parameters.
void check_status(int32_t status, const vh_error& err, const std::string& part);
vh_error new_error();
// Fills *err (NULL allowed) and returns code; cuts text at the field's size, on a UTF-8 boundary.
int32_t fail(vh_error* err, int32_t code, const std::string& message, const std::string& where = "",
             const std::string& pointer = "");

}  // namespace vhost
