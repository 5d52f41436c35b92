#include "check/work.h"

#include "vhost/random.h"

namespace vhost::check {

Work::Work(const Case& subject) : kind_(kind_of(subject.component->interface_id)) {
  if (kind_ == kDataset) {
    reader_ = std::make_unique<Reader>(subject);
    memory_ = std::make_unique<SampleMemory>(reader_->fields(VH_PASS_TRAIN));
  } else if (kind_ == kMask) {
    part_ = std::make_unique<Subject>(subject);
    if (const Answer answer = part_->create(); !answer.ok()) throw Failed("can't be made: " + answer.text());
  } else {
    situation_ = accepted(subject).front();
    part_ = made(subject, situation_);
    in_ = fill(situation_);
  }
}

void Work::step(uint32_t mode) {
  if (kind_ == kMask) {
    draw_mask();
  } else if (kind_ == kDataset) {
    reader_->read(VH_PASS_TRAIN, steps_ % reader_->length(), {seed()}, {memory_.get()});
  } else {
    run_part(mode);
  }
  ++steps_;
}

void Work::draw_mask() {
  constexpr int64_t grid[3] = {2, 14, 14};
  std::vector<uint8_t> mask(2 * 14 * 14);
  const WorkerScope worker;
  part_->table<vh_mask_1>().draw(part_->self(), grid, seed(), mask.data(), nullptr);
}

void Work::run_part(uint32_t mode) {
  const Tensors out = outputs(*part_, in_, {.mode = mode, .seed = seed(), .step = steps_});
  if (mode != VH_TRAIN) return;
  const at::Tensor sum = weighted_sum(out);
  if (sum.requires_grad()) sum.backward();
  for (Param* param : part_->params()) param->value.mutable_grad() = at::Tensor();
}

}  // namespace vhost::check
