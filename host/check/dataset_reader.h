// Reads samples of a dataset into memory of the kit's own, between guards.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "check/subject.h"

namespace vhost::check {

// One sample's memory: a field each, zeroed, between guard bytes.
class SampleMemory {
 public:
  explicit SampleMemory(const vh_specs& fields);
  vh_slot* slot() { return &slot_; }
  void clear();
  std::string damage() const;  // "" or which field's guard was written to
  std::vector<uint8_t> bytes() const;
  int64_t integer(size_t field) const;
  double real(size_t field) const;

 private:
  static constexpr size_t kGuard = 4096;
  struct Free {
    void operator()(uint8_t* memory) const;
  };
  struct Field {
    std::string key;
    std::unique_ptr<uint8_t, Free> memory;
    int64_t size = 0;
    std::vector<int64_t> extent;
    bool variable = false;
  };
  std::vector<Field> fields_;
  std::vector<void*> data_;
  std::vector<int64_t> bytes_;
  std::vector<int64_t*> extent_;
  vh_slot slot_{};
};

// A dataset made with the parameters for its checks; throws Failed if it refuses.
class Reader {
 public:
  explicit Reader(const Case& subject, const json::object& over = {});
  int64_t length() const { return length_; }
  vh_specs fields(uint32_t pass) const;
  // [worker] of n = slots.size() augmentations.
  Answer read(uint32_t pass, int64_t index, const std::vector<uint64_t>& seeds,
              const std::vector<SampleMemory*>& memory) const;
  std::string name(int64_t index) const;

 private:
  const vh_dataset_1& table() const { return part_.table<vh_dataset_1>(); }
  Subject part_;
  int64_t length_ = 0;
};

std::string pass_name(uint32_t pass);
inline constexpr uint32_t kPasses[] = {VH_PASS_TRAIN, VH_PASS_EVAL, VH_PASS_PREDICT};

}  // namespace vhost::check
