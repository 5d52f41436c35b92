// Writes checkpoints on a thread of its own, one at a time: training waits neither for the copy nor for the disk.
#pragma once
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "checkpoint/checkpoint.h"

namespace vhost {

class CheckpointWriter {
 public:
  CheckpointWriter(std::filesystem::path root, int64_t keep) : root_(std::move(root)), keep_(keep) {}
  ~CheckpointWriter();  // waits for the one under way

  // Waits for the one before, then returns at once. The tensors are copied in the background and must not change before
  // copied() returns.
  void start(Checkpoint checkpoint);
  void copied();  // waits until the tensors of the last start() may change
  void check();   // throws what a writer has met, once; never waits
  void finish();  // waits until the last checkpoint is on disk, or throws why it isn't
  // Written on this thread and without a copy, after the one before, whose error is thrown only then.
  void write_last(const Checkpoint& checkpoint);

 private:
  void write(Checkpoint checkpoint);

  std::filesystem::path root_;
  int64_t keep_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool copied_ = true;  // guarded by mutex_, as is:
  std::exception_ptr error_;
};

}  // namespace vhost
