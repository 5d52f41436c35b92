#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "base/files.h"
#include "engine/door.h"
#include "engine/engine_api.h"
#include "engine/experiment.h"
#include "engine/predict.h"
#include "engine/record.h"
#include "engine/show.h"
#include "engine/train.h"
#include "record/weights.h"

namespace vhost {

namespace fs = std::filesystem;

namespace {

volatile std::sig_atomic_t last_signal = 0;

// The first signal asks for a checkpoint and a clean end, the second ends the process at once.
extern "C" void on_signal(int signal) {
  if (last_signal) std::_Exit(128 + signal);
  last_signal = signal;
  cancel_requested = true;
}

class SignalScope {
 public:
  SignalScope() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &interrupt_);
    sigaction(SIGTERM, &action, &terminate_);
  }
  ~SignalScope() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGTERM, &terminate_, nullptr);
  }

 private:
  struct sigaction interrupt_ {
  }, terminate_{};
};

// One run per work-dir: a second one is refused instead of mixing their files.
class WorkDirLock {
 public:
  explicit WorkDirLock(const fs::path& folder) {
    make_directories(folder);
    fd_ = ::open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd_ < 0) throw Error(folder.string() + ": the work-dir is not writable: choose another with --work-dir");
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0)
      throw Error(folder.string() + ": another run is using this work-dir: choose another with --work-dir");
  }
  ~WorkDirLock() { ::close(fd_); }

 private:
  int fd_ = -1;
};

// Before anything of ATen runs: asked for CUDA once too early, LibTorch stays without it for good.
void open_cuda_module() {
  static bool tried = false;
  if (tried || ::access("/dev/nvidiactl", F_OK) != 0) return;
  tried = true;
  Dl_info self{};
  if (!::dladdr(reinterpret_cast<void*>(&vhost_engine_run), &self) || !self.dli_fname) return;
  const fs::path module = fs::path(self.dli_fname).parent_path() / "libvhost_cuda.so";
  if (fs::exists(module) && !::dlopen(module.c_str(), RTLD_NOW | RTLD_GLOBAL))
    std::fprintf(stderr, "warning: there is a GPU, but its module can't be opened: %s\n", ::dlerror());
}

int run_task(const RunRequest& request, RunLog& log) {
  for (const std::string& note : request.resolution->notes) log.message(VH_LOG_INFO, "lock", note);
  Experiment experiment(request, log);
  if (request.rerun_of)
    for (const std::string& warning : rerun_warnings(*request.rerun_of, this_start(experiment, 0)))
      log.message(VH_LOG_WARN, "rerun", warning);
  if (request.dry_run) return run_dry(experiment);
  if (request.show.on) return run_show(experiment);
  const std::string task = request.manifest->string("/task");
  if (task == "predict") return run_predict(experiment);
  if (task == "extract") return run_extract(experiment);
  if (task == "test") return run_test(experiment);
  Trainer trainer(experiment);
  return trainer.run();
}

int64_t resume_step(const RunRequest& request) {
  const bool training = request.manifest->string("/task") == "pretrain" || request.manifest->string("/task") == "train";
  if (!training || !request.resume || !request.manifest->boolean("/checkpoint/resume")) return -1;
  const auto newest = newest_checkpoint(fs::path(request.work_dir) / "checkpoints");
  return newest ? std::stoll(newest->filename().string().substr(5)) : -1;
}

int run(const RunRequest& request) {
  if (request.rerun_of) check_rerun(request);
  const bool writes = !request.dry_run && request.manifest->string("/task") != "predict" && !request.show.on;
  std::unique_ptr<WorkDirLock> lock;
  if (writes) lock = std::make_unique<WorkDirLock>(request.work_dir);
  RunLog::Options options;
  options.title = request.manifest->string("/name");
  options.to_stderr = request.json || request.csv;
  const bool logs = writes && request.manifest->string("/task") != "extract";
  if (logs) {
    const bool test = request.manifest->string("/task") == "test";  // must not write over the training's own log
    options.work_dir = test ? fs::path(request.work_dir) / "test" : fs::path(request.work_dir);
    const int64_t step = resume_step(request);
    options.append = step >= 0;
    options.resume_step = std::max<int64_t>(0, step);
  }
  RunLog log(options);
  set_log_hooks({[&](int level, const std::string& part, const std::string& text) { log.message(level, part, text); },
                 [&](const std::string& name, vh_tensor* value) { log_plugin_scalar(name, borrow(value)); },
                 [&](const std::string& what, int64_t done, int64_t total) { log.progress(what, done, total); }});
  SignalScope signals;
  try {
    const int code = run_task(request, log);
    return code == 130 && last_signal == SIGTERM ? 143 : code;
  } catch (const std::exception& error) {
    if (logs) log.finish(std::string("failed: ") + error.what());
    throw;
  }
}

}  // namespace
}  // namespace vhost

extern "C" __attribute__((visibility("default"))) int vhost_engine_run(const vhost::RunRequest* request) {
  try {
    vhost::open_cuda_module();
    vhost::register_gateway();
    const int code = vhost::run(*request);
    vhost::set_log_hooks({});
    return code;
  } catch (const vhost::Error& error) {
    vhost::set_log_hooks({});
    if (vhost::cancel_requested && error.exit_code() == 130) return vhost::last_signal == SIGTERM ? 143 : 130;
    std::fprintf(stderr, "error: %s\n", error.what());
    return error.exit_code();
  } catch (const std::exception& error) {
    vhost::set_log_hooks({});
    vhost::print_foreign_error(error);
    return 1;
  }
}
