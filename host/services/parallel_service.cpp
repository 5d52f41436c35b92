#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "services/services.h"
#include "services/tables.h"

namespace vhost {
namespace {

using RangeFunction = int32_t (*)(void*, int64_t, int64_t);

thread_local int worker_depth = 0;
std::atomic<int> wanted_threads{0};

int thread_count() {
  const int wanted = wanted_threads.load();
  return wanted > 0 ? wanted : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

int32_t call_range(RangeFunction fn, void* ctx, int64_t begin, int64_t end) {
  try {
    return fn(ctx, begin, end);
  } catch (...) {
    return VH_ERR;
  }
}

// One for_range call. Ranges are handed out in ascending order and no more of them after a failure, so the failure with
// the lowest begin is the same at every run.
struct Job {
  RangeFunction fn;
  void* ctx;
  int64_t n, chunk;
  std::atomic<int64_t> next{0};
  std::atomic<bool> failed{false};
  int helpers = 0;  // under the pool's mutex
  std::mutex mutex;
  int64_t failed_at = -1;
  int32_t status = VH_OK;

  void work() {
    while (!failed.load()) {
      const int64_t i = next.fetch_add(1);
      if (i > (n - 1) / chunk) return;
      const int64_t begin = i * chunk, end = n - begin < chunk ? n : begin + chunk;
      const int32_t result = call_range(fn, ctx, begin, end);
      if (result == VH_OK) continue;
      std::lock_guard lock(mutex);
      if (failed_at < 0 || begin < failed_at) {
        failed_at = begin;
        status = result;
      }
      failed = true;
    }
  }
};

// Threads live as long as the process; the pool is leaked, so that no exit handler waits for them.
class Pool {
 public:
  int32_t run(const std::shared_ptr<Job>& job, int threads) {
    {
      std::lock_guard lock(mutex_);
      start(threads - 1);
      queue_.push_back(job);
    }
    wake_.notify_all();
    job->work();
    std::unique_lock lock(mutex_);
    std::erase(queue_, job);
    left_.wait(lock, [&] { return job->helpers == 0; });
    return job->status;
  }

 private:
  // Fewer threads than wanted do the same work.
  void start(int threads) try {
    for (; started_ < threads; ++started_) std::thread([this] { serve(); }).detach();
  } catch (const std::system_error&) {
  }

  void serve() {
    WorkerScope worker;
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return !queue_.empty(); });
      const std::shared_ptr<Job> job = queue_.front();
      ++job->helpers;
      lock.unlock();
      job->work();
      lock.lock();
      std::erase(queue_, job);
      if (--job->helpers == 0) left_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_, left_;
  std::deque<std::shared_ptr<Job>> queue_;
  int started_ = 0;
};

Pool& pool() {
  static auto* instance = new Pool;
  return *instance;
}

int32_t parallel_for_range(int64_t n, int64_t grain, RangeFunction fn, void* ctx) {
  if (!fn) return VH_ERR_ARGUMENT;
  if (n <= 0) return VH_OK;
  const int threads = in_worker() ? 1 : thread_count();
  WorkerScope worker;
  if (threads == 1 || n <= grain) return call_range(fn, ctx, 0, n);
  try {
    auto job = std::make_shared<Job>();
    job->fn = fn;
    job->ctx = ctx;
    job->n = n;
    const int64_t pieces = int64_t{threads} * 4;
    job->chunk = std::max<int64_t>({1, grain, n / pieces + (n % pieces != 0)});
    return pool().run(job, threads);
  } catch (const std::exception&) {
    return VH_ERR_MEMORY;
  }
}

int32_t parallel_threads() {
  return in_worker() ? 1 : thread_count();
}

}  // namespace

WorkerScope::WorkerScope() {
  ++worker_depth;
}
WorkerScope::~WorkerScope() {
  --worker_depth;
}
bool in_worker() {
  return worker_depth > 0;
}
void set_parallel_threads(int threads) {
  wanted_threads = threads;
}

const vh_parallel_1 kParallelTable = {sizeof(vh_parallel_1), 0, parallel_for_range, parallel_threads};

}  // namespace vhost
