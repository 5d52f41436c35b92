#include "checkpoint/writer.h"

#include <cstring>
#include <utility>

namespace vhost {

namespace {

// One thread, element by element: the training threads are at work.
void copy_all(NamedTensors& tensors) {
  for (auto& [name, tensor] : tensors) {
    const at::Tensor from = tensor.to(at::kCPU).contiguous();
    at::Tensor to = at::empty_like(from);
    std::memcpy(to.data_ptr(), from.data_ptr(), from.nbytes());
    tensor = to;
  }
}

}  // namespace

CheckpointWriter::~CheckpointWriter() {
  if (thread_.joinable()) thread_.join();
}

void CheckpointWriter::start(Checkpoint checkpoint) {
  finish();
  copied_ = false;
  thread_ = std::thread([this, checkpoint = std::move(checkpoint)]() mutable { write(std::move(checkpoint)); });
}

void CheckpointWriter::write(Checkpoint checkpoint) {
  const auto mark_copied = [this](std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    copied_ = true;
    if (error) error_ = error;
    changed_.notify_all();
  };
  try {
    copy_all(checkpoint.model);
    copy_all(checkpoint.optimizer);
    copy_all(checkpoint.ema);
    mark_copied(nullptr);
    save_checkpoint(root_, checkpoint, keep_);
  } catch (...) {  // delivered by check()
    mark_copied(std::current_exception());
  }
}

void CheckpointWriter::copied() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return copied_; });
}

void CheckpointWriter::check() {
  const std::lock_guard lock(mutex_);
  if (const std::exception_ptr error = std::exchange(error_, nullptr)) std::rethrow_exception(error);
}

void CheckpointWriter::finish() {
  if (thread_.joinable()) thread_.join();
  check();
}

void CheckpointWriter::write_last(const Checkpoint& checkpoint) {
  if (thread_.joinable()) thread_.join();
  save_checkpoint(root_, checkpoint, keep_);
  check();
}

}  // namespace vhost
