// Writes checkpoints on a thread of its own, one at a time: training waits for a copy in memory, not for the disk.
#pragma once
#include <exception>
#include <mutex>
#include <thread>

#include "checkpoint/checkpoint.h"

namespace vhost {

class CheckpointWriter {
 public:
  CheckpointWriter(std::filesystem::path root, int64_t keep) : root_(std::move(root)), keep_(keep) {}
  ~CheckpointWriter();  // waits for the one under way

  // Waits for the one before, copies the tensors (to the CPU, on all of its threads) and returns; the rest follows in
  // the background.
  void start(Checkpoint checkpoint);
  void check();   // throws what a writer has met, once; never waits
  void finish();  // waits until the last checkpoint is on disk, or throws why it isn't
  // Written on this thread and without a copy, after the one before, whose error is thrown only then.
  void write_last(const Checkpoint& checkpoint);

 private:
  void write(const Checkpoint& checkpoint);

  std::filesystem::path root_;
  int64_t keep_;
  std::thread thread_;
  std::mutex mutex_;
  std::exception_ptr error_;  // guarded by mutex_
};

}  // namespace vhost
