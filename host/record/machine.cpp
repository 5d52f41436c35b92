#include "record/machine.h"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <string_view>

namespace vhost {
namespace {

constexpr std::string_view kNames[] = {
    "ATEN_CPU_CAPABILITY",     "CUBLAS_WORKSPACE_CONFIG", "CUDA_VISIBLE_DEVICES", "MKL_CBWR",    "MKL_DYNAMIC",
    "MKL_ENABLE_INSTRUCTIONS", "MKL_NUM_THREADS",         "NVIDIA_TF32_OVERRIDE", "OMP_DYNAMIC", "OMP_NUM_THREADS",
    "OMP_THREAD_LIMIT",        "OPENBLAS_CORETYPE",       "OPENBLAS_NUM_THREADS"};
constexpr std::string_view kPrefixes[] = {"DNNL_", "ONEDNN_", "PYTORCH_", "TORCH_"};

}  // namespace

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::map<std::string, std::string> result_environment() {
  std::map<std::string, std::string> set;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = text.substr(0, equals);
    const bool counts =
        std::ranges::find(kNames, name) != std::end(kNames) ||
        std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
    if (counts) set[std::string(name)] = text.substr(equals + 1);
  }
  return set;
}

std::string utc_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts));
}

}  // namespace vhost
