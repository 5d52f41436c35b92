// What a training step pays for its records: the progress line at each step; metrics.jsonl, log.txt and TensorBoard's
// file at every tenth. Prints microseconds a step: at most 1 % of a step is the aim.
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "report/tests/sample_run.h"

int main() {
  using namespace vhost;
  using namespace vhost::report;
  namespace fs = std::filesystem;
  constexpr int kSteps = 20000;
  std::mt19937_64 random(1);
  std::vector<StepRecord> records;
  for (int step = 1; step <= kSteps; ++step) records.push_back(sample_step(step, kSteps, 10, random));
  char folder[] = "/tmp/vhost-log-bench-XXXXXX";
  if (!mkdtemp(folder)) return 1;
  double seconds = 0;
  {
    RunLog::Options options;
    options.work_dir = folder;
    RunLog log(options);
    const auto start = std::chrono::steady_clock::now();
    for (const StepRecord& record : records) {
      log.tick(record);
      if (record.step % 10 == 0) log.step(record);
    }
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    log.finish("finished");
  }
  fs::remove_all(folder);
  std::fprintf(stderr, "records: %.2f us a step\n", 1e6 * seconds / kSteps);
}
