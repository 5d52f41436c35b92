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

// Runs `action`; then everything must be as before.
template <class Action>
void unchanged(const std::string& during, Action action) {
  const auto before = state();
  action();
  const auto after = state();
  for (size_t i = 0; i < before.size(); ++i)
    if (before[i].second != after[i].second)
      throw Failed(during + " changes " + before[i].first + ": " + before[i].second + " before, " + after[i].second +
                   " after");
}

void restored(const Case& subject) {
  unchanged("loading", [&] { load(subject); });
  const std::string random = random_state();
  const Situation situation =
      kind_of(subject.component->interface_id) & kParts ? accepted(subject).front() : Situation();
  std::unique_ptr<Work> work;
  unchanged("create", [&] { work = std::make_unique<Work>(subject); });
  if (random_state() != random)
    throw Failed("create draws from the default generator: initial values are a text of vh.params/1");
  work->step(VH_EVAL);
  unchanged("a step in train mode", [&] { work->step(VH_TRAIN); });
  unchanged("a step in eval mode", [&] { work->step(VH_EVAL); });
  if (kind_of(subject.component->interface_id) & (kMask | kDataset)) {
    if (random_state() != random) throw Failed("a [worker] slot draws from the default generator");
  } else {
    const auto part = made(subject, situation);
    seed_generator(1);
    const std::string seeded = random_state();
    outputs(*part, fill(situation), {.mode = VH_EVAL, .seed = 1});
    if (random_state() != seeded) throw Failed("a step in eval mode draws from the default generator");
  }
  unchanged("destroy", [&] { work.reset(); });
}

}  // namespace

std::vector<Check> state_checks() {
  return {{"state.restored", kAll, restored}};
}

}  // namespace vhost::check
