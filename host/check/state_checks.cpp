#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <fenv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <clocale>
#include <csignal>
#include <filesystem>

#include "check/work.h"

namespace vhost::check {

namespace {

#if defined(__SSE__)
unsigned float_flags() {
  return __builtin_ia32_stmxcsr() & 0x8040u;  // denormals are zero, flush to zero
}
#else
unsigned float_flags() {
  return 0;
}
#endif

std::string signal_handlers() {
  std::string text;
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action {};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_DFL)
      text += std::to_string(signal) + ":" + std::to_string(reinterpret_cast<uintptr_t>(action.sa_handler)) + " ";
  }
  return text;
}

// What belongs to the host, as name and value.
std::vector<std::pair<std::string, std::string>> state() {
  std::vector<std::pair<std::string, std::string>> all;
  const auto add = [&](const char* name, const auto& value) { all.emplace_back(name, std::to_string(value)); };
  add("grad mode", static_cast<int>(at::GradMode::is_enabled()));
  add("autocast", static_cast<int>(at::autocast::is_autocast_enabled(at::kCPU)));
  add("autocast's type", static_cast<int>(at::autocast::get_autocast_dtype(at::kCPU)));
  add("the default type", static_cast<int>(at::typeMetaToScalarType(at::get_default_dtype())));
  add("the number of threads", at::get_num_threads());
  add("deterministic algorithms", static_cast<int>(at::globalContext().deterministicAlgorithms()));
  add("rounding", ::fegetround());
  add("flushing of denormals", float_flags());
  all.emplace_back("the current folder", std::filesystem::current_path().string());
  all.emplace_back("the locale", std::setlocale(LC_ALL, nullptr));
  all.emplace_back("signal handlers", signal_handlers());
  const mode_t mask = ::umask(0);
  ::umask(mask);
  add("the file mode mask", mask);
  return all;
}

std::string random_state() {
  const at::Tensor bytes = at::globalContext().defaultGenerator(at::kCPU).get_state();
  return {static_cast<const char*>(bytes.const_data_ptr()), static_cast<size_t>(bytes.numel())};
}

// Everything must be as at the beginning.
class Watch {
 public:
  void after(const std::string& what) const {
    const auto now = state();
    for (size_t i = 0; i < before_.size(); ++i)
      if (before_[i].second != now[i].second)
        throw Failed(what + " changes " + before_[i].first + ": " + before_[i].second + " before, " + now[i].second +
                     " after");
  }

 private:
  const std::vector<std::pair<std::string, std::string>> before_ = state();
};

// In eval mode and in [worker] slots nothing may draw from LibTorch's default generator.
void check_random(const Case& subject, Work& work) {
  const bool part = (kind_of(subject.component->interface_id) & kParts) != 0;
  seed_generator(work.seed());
  const std::string before = random_state();
  work.step(VH_EVAL);
  if (random_state() != before)
    throw Failed(std::string(part ? "a step in eval mode" : "a [worker] slot") + " draws from the default generator");
}

void restored(const Case& subject) {
  const Watch watch;
  const std::string random = random_state();
  load(subject);
  watch.after("loading");
  auto work = std::make_unique<Work>(subject);
  watch.after("create");
  if (random_state() != random)
    throw Failed("create draws from the default generator: initial values are a text of vh.params/1");
  work->step(VH_TRAIN);
  watch.after("a step in train mode");
  check_random(subject, *work);
  watch.after("a step in eval mode");
  work.reset();
  watch.after("destroy");
}

}  // namespace

std::vector<Check> state_checks() {
  return {{"state.restored", kAll, restored}};
}

}  // namespace vhost::check
