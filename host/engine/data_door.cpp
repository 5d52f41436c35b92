#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "base/printable.h"
#include "engine/browse.h"
#include "engine/data_tools.h"
#include "engine/door.h"
#include "gateway/gateway.h"
#include "services/services.h"

namespace {

volatile std::sig_atomic_t signalled = 0;

extern "C" void stop_reading(int signal) {
  if (signalled) std::_Exit(128 + signal);
  signalled = signal;
  vhost::cancel_requested = true;
}

template <class Request>
void set_hooks(const Request& request) {
  vhost::set_log_hooks({[](int level, const std::string& part, const std::string& text) {
                          if (level >= VH_LOG_WARN)
                            std::fprintf(stderr, "warning: %s: %s\n", part.c_str(), vhost::printable(text).c_str());
                        },
                        [](const std::string&, vh_tensor*) {},
                        [&request](const std::string& what, int64_t done, int64_t total) {
                          if (request.progress) request.progress(what, done, total);
                        }});
}

// Runs `work` with the request's hooks, stopped by a signal; the exit code.
template <class Request, class Work>
int serve(const Request& request, Work work) {
  struct sigaction action {};
  action.sa_handler = stop_reading;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  int code = 0;
  try {
    vhost::register_gateway();
    set_hooks(request);
    work();
  } catch (const vhost::Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    code = signalled ? 128 + signalled : error.exit_code();
  } catch (const std::exception& error) {
    vhost::print_foreign_error(error);
    code = 1;
  }
  vhost::set_log_hooks({});
  return code;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int vhost_engine_data(const vhost::DataRequest* request) {
  return serve(*request, [&] {
    static bool threads_are_set = false;
    if (!threads_are_set) vhost::set_parallel_threads(request->threads);
    threads_are_set = true;
    for (const std::string& pointer : request->datasets)
      request->out->push_back(vhost::dataset_facts(*request, pointer));
  });
}

extern "C" __attribute__((visibility("default"))) int vhost_engine_browse(const vhost::BrowseRequest* request) {
  return serve(*request, [&] { vhost::browse(*request); });
}
