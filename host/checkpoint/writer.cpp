#include "checkpoint/writer.h"

#include <sys/resource.h>
#include <unistd.h>

#include <utility>

namespace vhost {

namespace {

// Note [Why the copy is not in the background too]
// It was tried: on a CPU that trains, a copying thread holds up every parallel region that shares its core, and a step
// of VideoMAE-B took 2 s longer; copied on all threads between two steps the same 1.1 GB take a fraction of that.
void copy_all(NamedTensors& tensors) {
  for (auto& [name, tensor] : tensors) {
    at::Tensor copy = at::empty(tensor.sizes(), tensor.options().device(at::kCPU).requires_grad(false));
    copy.copy_(tensor.detach());
    tensor = copy;
  }
}

// From here on nobody waits, and the training threads want every core. Linux keeps a priority per thread; where it
// can't be changed the write is only in the way.
void step_back() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 19);
}

}  // namespace

CheckpointWriter::~CheckpointWriter() {
  if (thread_.joinable()) thread_.join();
}

void CheckpointWriter::start(Checkpoint checkpoint) {
  finish();
  copy_all(checkpoint.model);
  copy_all(checkpoint.optimizer);
  copy_all(checkpoint.ema);
  thread_ = std::thread([this, checkpoint = std::move(checkpoint)] { write(checkpoint); });
}

void CheckpointWriter::write(const Checkpoint& checkpoint) {
  step_back();
  try {
    save_checkpoint(root_, checkpoint, keep_);
  } catch (...) {  // delivered by check()
    const std::lock_guard lock(mutex_);
    error_ = std::current_exception();
  }
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
