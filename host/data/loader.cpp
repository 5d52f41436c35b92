#include "data/loader.h"

#include <chrono>
#include <cmath>
#include <cstring>
#include <numeric>

#include "vhost/random.h"

namespace vhost {

namespace {

constexpr int kMaxAttempts = 16;  // replacements tried for one unreadable sample

std::unique_ptr<uint8_t[], FreeBytes> aligned_bytes(int64_t bytes) {
  const size_t rounded = (static_cast<size_t>(bytes) + 63) / 64 * 64;
  auto* p = static_cast<uint8_t*>(std::aligned_alloc(64, std::max<size_t>(rounded, 64)));
  if (!p)
    throw Error("out of memory for a batch: " + std::to_string(bytes >> 20) + " MB; lower data.batch or data.prefetch");
  return std::unique_ptr<uint8_t[], FreeBytes>(p);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

Loader::Loader(const Dataset& dataset, const InputLayout& layout, const Mask* mask, LoaderOptions options,
               std::function<void(const std::string&)> warn)
    : dataset_(dataset), layout_(layout), mask_(mask), options_(options), warn_(std::move(warn)) {
  const int64_t n = dataset.length();
  per_epoch_ = options_.drop_last ? n / options_.batch : (n + options_.batch - 1) / options_.batch;
  if (options_.end_batch < 0) options_.end_batch = per_epoch_;
  next_number_ = consumed_ = options_.first_batch;
  const int64_t slots =
      std::max<int64_t>(1, options_.in_flight) + (options_.workers ? std::max<int64_t>(1, options_.prefetch) : 0);
  for (int64_t i = 0; i < slots; ++i) {
    Slot& slot = slots_.emplace_back();
    for (const Field& field : layout_.fields) slot.batch.data.push_back(aligned_bytes(options_.batch * field.bytes));
    slot.batch.index.resize(options_.batch);
    slot.batch.seed.resize(options_.batch);
    slot.batch.weight.resize(options_.batch);
    if (mask_) slot.batch.mask.resize(options_.batch * layout_.views * mask_->cells());
  }
  for (int64_t i = 0; i < options_.workers; ++i) threads_.emplace_back([this] { work(); });
}

Loader::~Loader() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_ready_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

const std::vector<int64_t>& Loader::order(int64_t epoch) {
  if (epoch == order_epoch_) return order_;
  order_.resize(dataset_.length());
  std::iota(order_.begin(), order_.end(), 0);
  if (options_.shuffle) {
    vh_random random = vh_random_from(vh_hash3(options_.seed, vh_hash_text("order"), epoch));
    vh_random_shuffle(&random, order_.data(), static_cast<int64_t>(order_.size()));
  }
  order_epoch_ = epoch;
  return order_;
}

bool Loader::open_next() {
  if (next_number_ >= options_.end_batch) return false;
  for (Slot& slot : slots_) {
    if (slot.open) continue;
    const int64_t epoch = next_number_ / per_epoch_, first = next_number_ % per_epoch_ * options_.batch;
    const std::vector<int64_t>& indices = order(epoch);
    const int64_t rows = std::min<int64_t>(options_.batch, static_cast<int64_t>(indices.size()) - first);
    slot.planned.assign(indices.begin() + first, indices.begin() + first + rows);
    slot.batch.number = next_number_++;
    slot.batch.epoch = epoch;
    slot.batch.rows = rows;
    slot.next_row = slot.done_rows = 0;
    slot.open = true;
    slot.taken = false;
    return true;
  }
  return false;
}

bool Loader::take_row(Slot*& slot, int64_t& row) {
  do {
    Slot* first = nullptr;
    for (Slot& s : slots_)
      if (s.open && s.next_row < s.batch.rows && (!first || s.batch.number < first->batch.number)) first = &s;
    if (first) {
      slot = first;
      row = first->next_row++;
      return true;
    }
  } while (open_next());
  return false;
}

void Loader::work() {
  WorkerScope worker;
  std::unique_lock lock(mutex_);
  while (true) {
    Slot* slot = nullptr;
    int64_t row = 0;
    work_ready_.wait(lock, [&] { return stop_ || failure_ || take_row(slot, row); });
    if (stop_ || failure_) return;
    lock.unlock();
    std::exception_ptr failure;
    try {
      read_row(*slot, row);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure && !failure_) failure_ = failure;
    ++slot->done_rows;
    if (failure || slot->done_rows == slot->batch.rows) batch_ready_.notify_all();
    if (failure) work_ready_.notify_all();
  }
}

bool Loader::read_into(Slot& slot, int64_t row, int64_t index, uint64_t seed) {
  std::vector<void*> data;
  std::vector<int64_t> bytes;
  std::vector<int64_t> sizes(layout_.fields.size() * 8);
  std::vector<int64_t*> extent;
  for (size_t f = 0; f < layout_.fields.size(); ++f) {
    const Field& field = layout_.fields[f];
    uint8_t* at = slot.batch.data[f].get() + row * field.bytes;
    std::memset(at, 0, field.bytes);
    data.push_back(at);
    bytes.push_back(field.bytes);
    bool varies = false;
    for (int i = 0; i < field.spec.c.rank; ++i) varies |= field.spec.c.dim[i] == VH_DIM_VAR;
    extent.push_back(varies ? sizes.data() + f * 8 : nullptr);
  }
  vh_slot to{};
  to.struct_size = sizeof to;
  to.n_fields = static_cast<uint32_t>(data.size());
  to.data = data.data();
  to.bytes = bytes.data();
  to.extent = extent.data();
  const std::optional<std::string> bad = dataset_.read(index, seed, to);
  if (!bad) {
    slot.batch.index[row] = index;
    slot.batch.seed[row] = seed;
    return true;
  }
  for (size_t f = 0; f < layout_.fields.size(); ++f) std::memset(data[f], 0, bytes[f]);
  count_bad(slot.batch.epoch, *bad);
  return false;
}

void Loader::count_bad(int64_t epoch, const std::string& reason) {
  int64_t bad = 0;
  {
    std::lock_guard lock(mutex_);
    if (epoch != bad_epoch_) bad_in_epoch_ = 0;
    bad_epoch_ = epoch;
    bad = ++bad_in_epoch_;
    ++bad_total_;
  }
  warn_("sample skipped: " + reason);
  const double limit = std::ceil(options_.bad_limit * static_cast<double>(dataset_.length()));
  if (static_cast<double>(bad) > limit)
    throw Error(dataset_.pointer() + ": " + std::to_string(bad) +
                " unreadable samples in this epoch, more than data.bad_samples " + "allows (" +
                std::to_string(static_cast<int64_t>(limit)) + " of " + std::to_string(dataset_.length()) +
                "); the last one: " + reason);
}

void Loader::read_row(Slot& slot, int64_t row) {
  const int64_t planned = slot.planned[row], epoch = slot.batch.epoch;
  slot.batch.weight[row] = 1;
  slot.batch.index[row] = planned;
  slot.batch.seed[row] = vh_hash4(options_.seed, epoch, planned, 0);
  bool done = read_into(slot, row, planned, slot.batch.seed[row]);
  for (int attempt = 1; !done && options_.replace_bad; ++attempt) {
    if (attempt > kMaxAttempts)
      throw Error(dataset_.pointer() + ": " + std::to_string(kMaxAttempts) +
                  " samples in a row can't be read; see the log for each");
    const uint64_t seed = vh_hash4(options_.seed, epoch, planned, attempt);
    vh_random random = vh_random_from(seed);
    done = read_into(slot, row, vh_random_below(&random, dataset_.length()), seed);
  }
  if (!done) slot.batch.weight[row] = 0;
  if (mask_) {
    for (int64_t view = 0; view < layout_.views; ++view)
      mask_->draw(vh_hash3(slot.batch.seed[row], vh_hash_text("mask"), view),
                  slot.batch.mask.data() + (row * layout_.views + view) * mask_->cells());
  }
}

Batch* Loader::next() {
  if (consumed_ >= options_.end_batch) return nullptr;
  const auto start = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  Slot* found = nullptr;
  const auto ready = [&] {
    for (Slot& slot : slots_)
      if (slot.open && !slot.taken && slot.batch.number == consumed_ && slot.done_rows == slot.batch.rows)
        found = &slot;
    return found || failure_;
  };
  if (threads_.empty()) {
    WorkerScope worker;
    Slot* slot = nullptr;
    int64_t row = 0;
    while (!ready() && take_row(slot, row)) {
      lock.unlock();
      read_row(*slot, row);
      lock.lock();
      ++slot->done_rows;
    }
  } else {
    batch_ready_.wait(lock, ready);
  }
  if (failure_) std::rethrow_exception(failure_);
  if (!found) throw Error("the loader has no free batch: release() was not called");
  found->taken = true;
  ++consumed_;
  wait_seconds_ += seconds_since(start);
  return &found->batch;
}

void Loader::release(Batch* batch) {
  {
    std::lock_guard lock(mutex_);
    for (Slot& slot : slots_)
      if (&slot.batch == batch) slot.open = false;
  }
  work_ready_.notify_all();
}

}  // namespace vhost
