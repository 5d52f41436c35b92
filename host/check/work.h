// A part at work, whatever its kind: one step after the other, as the engine would ask for them.
#pragma once
#include <memory>

#include "check/dataset_reader.h"
#include "check/subject.h"

namespace vhost::check {

class Work {
 public:
  explicit Work(const Case& subject);  // makes the part
  void step(uint32_t mode);            // with backward in train mode; a dataset reads, a mask draws
  uint64_t seed() const { return static_cast<uint64_t>(steps_); }  // of the next step

 private:
  void run_part(uint32_t mode);
  void draw_mask();

  Kind kind_;
  Situation situation_;
  vh_map in_;
  std::unique_ptr<Subject> part_;
  std::unique_ptr<Reader> reader_;
  std::unique_ptr<SampleMemory> memory_;
  int64_t steps_ = 0;
};

}  // namespace vhost::check
