#include "data/loader.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/clock.h"
#include "vhost/random.h"

namespace vhost {

namespace {

constexpr int kMaxAttempts = 16;  // replacements tried for one unreadable sample

}  // namespace

Loader::Loader(const Dataset& dataset, const InputLayout& layout, const Mask* mask, LoaderOptions options,
               std::function<void(const std::string&)> warn)
    : dataset_(dataset), layout_(layout), mask_(mask), options_(options), warn_(std::move(warn)) {
  const int64_t n = samples() * options_.repeats;
  per_epoch_ = options_.drop_last ? n / options_.batch : (n + options_.batch - 1) / options_.batch;
  if (options_.end_batch < 0) options_.end_batch = per_epoch_;
  next_number_ = consumed_ = options_.first_batch;
  const int64_t slots =
      std::max<int64_t>(1, options_.in_flight) + (options_.workers ? std::max<int64_t>(1, options_.prefetch) : 0);
  for (int64_t i = 0; i < slots; ++i) {
    Slot& slot = slots_.emplace_back();
    slot.batch.data = field_buffers(layout_, options_.batch, "a batch", "; lower data.batch or data.prefetch");
    slot.batch.index.resize(options_.batch);
    slot.batch.seed.resize(options_.batch);
    slot.batch.weight.resize(options_.batch);
    slot.batch.fault.resize(options_.batch);
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

int64_t Loader::samples() const {
  return options_.only.empty() ? dataset_.length() : static_cast<int64_t>(options_.only.size());
}

const std::vector<int64_t>& Loader::order(int64_t epoch) {
  if (epoch == order_epoch_) return order_;
  order_ = options_.only;
  if (order_.empty()) {
    order_.resize(dataset_.length());
    std::iota(order_.begin(), order_.end(), 0);
  }
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
    const int64_t epoch = next_number_ / per_epoch_, samples = options_.batch / options_.repeats,
                  first = next_number_ % per_epoch_ * samples;
    const std::vector<int64_t>& indices = order(epoch);
    const int64_t taken = std::min<int64_t>(samples, static_cast<int64_t>(indices.size()) - first);
    slot.planned.assign(indices.begin() + first, indices.begin() + first + taken);
    slot.batch.number = next_number_++;
    slot.batch.epoch = epoch;
    slot.batch.rows = taken * options_.repeats;
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
      row = first->next_row;
      first->next_row += options_.repeats;
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
      read_rows(*slot, row);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure && !failure_) failure_ = failure;
    slot->done_rows += options_.repeats;
    if (failure || slot->done_rows == slot->batch.rows) batch_ready_.notify_all();
    if (failure) work_ready_.notify_all();
  }
}

bool Loader::read_into(Slot& slot, int64_t row, int64_t index, uint64_t seed) {
  const auto repeats = static_cast<size_t>(options_.repeats);
  std::vector<RowView> rows;
  std::vector<vh_slot> to;
  rows.reserve(repeats);
  for (size_t k = 0; k < repeats; ++k) {
    const int64_t at = row + static_cast<int64_t>(k);
    slot.batch.index[at] = index;
    slot.batch.seed[at] = k == 0 ? seed : vh_hash3(seed, vh_hash_text("repeat"), k);
    slot.batch.fault[at].clear();
    rows.emplace_back(slot.batch.data, layout_, at).clear();
    to.push_back(rows.back().slot());
  }
  const std::optional<std::string> bad = dataset_.read(index, {slot.batch.seed.data() + row, repeats}, to);
  if (!bad) return true;
  for (size_t k = 0; k < repeats; ++k) {
    rows[k].clear();
    slot.batch.fault[row + static_cast<int64_t>(k)] = *bad;
  }
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

void Loader::draw_masks(Slot& slot, int64_t row) const {
  if (!mask_) return;
  for (int64_t view = 0; view < layout_.views; ++view)
    mask_->draw(vh_hash3(slot.batch.seed[row], vh_hash_text("mask"), view),
                slot.batch.mask.data() + (row * layout_.views + view) * mask_->cells());
}

void Loader::read_rows(Slot& slot, int64_t row) {
  const int64_t planned = slot.planned[row / options_.repeats], epoch = slot.batch.epoch;
  bool done = read_into(slot, row, planned, vh_hash4(options_.seed, epoch, planned, 0));
  for (int attempt = 1; !done && options_.replace_bad; ++attempt) {
    if (attempt > kMaxAttempts)
      throw Error(dataset_.pointer() + ": " + std::to_string(kMaxAttempts) +
                  " samples in a row can't be read; see the log for each");
    const uint64_t seed = vh_hash4(options_.seed, epoch, planned, attempt);
    vh_random random = vh_random_from(seed);
    done = read_into(slot, row, vh_random_below(&random, dataset_.length()), seed);
  }
  for (int64_t k = row; k < row + options_.repeats; ++k) {
    slot.batch.weight[k] = done ? 1 : 0;
    draw_masks(slot, k);
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
      read_rows(*slot, row);
      lock.lock();
      slot->done_rows += options_.repeats;
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
