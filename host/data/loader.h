// Batches in order, read ahead by worker threads into a ring of buffers that the plugins write to directly.
//
// Note [Order]: what is in a batch depends on (seed, epoch, index) alone. The number of workers, the prefetch depth and
// where a run was resumed have no influence; a sample that can't be read is replaced by one drawn from
// hash(seed, epoch, index, attempt).
#pragma once
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "assembly/input.h"
#include "data/dataset.h"
#include "data/row_view.h"

namespace vhost {

struct Batch {
  int64_t number = 0, epoch = 0, rows = 0;  // number counts over all epochs
  FieldBuffers data;
  std::vector<int64_t> index;      // what was read, after replacement
  std::vector<uint64_t> seed;      // of each sample
  std::vector<float> weight;       // 0 = unreadable (evaluation)
  std::vector<std::string> fault;  // why, of those rows
  std::vector<uint8_t> mask;       // [rows x views, cells], empty without a mask
};

struct LoaderOptions {
  int64_t batch = 1, workers = 0, prefetch = 2, in_flight = 1;  // in_flight: batches held by the consumer at once
  int64_t repeats = 1;                                          // rows made of one decode; divides `batch`
  bool shuffle = false, drop_last = false, replace_bad = false;
  uint64_t seed = 0;
  int64_t first_batch = 0, end_batch = -1;  // -1 = one epoch
  double bad_limit = 0.01;                  // share of an epoch
  std::vector<int64_t> only;                // these samples in this order; empty = all
};

class Loader {
 public:
  Loader(const Dataset& dataset, const InputLayout& layout, const Mask* mask, LoaderOptions options,
         std::function<void(const std::string&)> warn);
  ~Loader();

  int64_t batches_per_epoch() const { return per_epoch_; }
  // The next batch in order, or nullptr after the last one. Blocks; throws what a worker threw. Valid until release().
  Batch* next();
  void release(Batch* batch);
  double wait_seconds() const { return wait_seconds_; }  // time that next() has blocked
  int64_t bad_samples() const { return bad_total_; }

 private:
  struct Slot {
    Batch batch;
    std::vector<int64_t> planned;  // of each group of `repeats` rows
    int64_t next_row = 0, done_rows = 0;
    bool open = false, taken = false;
  };

  bool open_next();  // with the lock held
  bool take_row(Slot*& slot, int64_t& row);
  void read_rows(Slot& slot, int64_t row);  // `repeats` of them
  bool read_into(Slot& slot, int64_t row, int64_t index, uint64_t seed);
  void draw_masks(Slot& slot, int64_t row) const;
  void count_bad(int64_t epoch, const std::string& reason);
  void work();
  int64_t samples() const;
  const std::vector<int64_t>& order(int64_t epoch);

  const Dataset& dataset_;
  const InputLayout& layout_;
  const Mask* mask_;
  LoaderOptions options_;
  std::function<void(const std::string&)> warn_;
  int64_t per_epoch_ = 0, next_number_ = 0, consumed_ = 0;
  int64_t order_epoch_ = -1, bad_epoch_ = -1, bad_in_epoch_ = 0, bad_total_ = 0;
  std::vector<int64_t> order_;
  std::deque<Slot> slots_;
  std::mutex mutex_;
  std::condition_variable work_ready_, batch_ready_;
  std::exception_ptr failure_;
  bool stop_ = false;
  double wait_seconds_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace vhost
