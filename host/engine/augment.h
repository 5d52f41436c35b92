// data.augment: flip, RandAugment, ColorJitter and RandomErasing of a batch, on the device that computes.
#pragma once
#include <ATen/core/Tensor.h>
#include <vhost/media/augment.h>

#include <optional>

#include "assembly/input.h"
#include "data/loader.h"

namespace vhost {

// What happens to one row of the model.
struct RowAugment {
  bool flip = false;
  vh::media::Decisions decisions;
};

// Note [Augmentation on the device]: what happens to a row is drawn on the CPU from its sample's seed, by the code and
// from the streams of vh::media that datasets draw by, so it depends on (seed, epoch, index, repeat) alone. What is
// done then are the same bytes too: data.augment and the dataset's own parameters can be exchanged.
class BatchAugment {
 public:
  BatchAugment(double flip, vh::media::AugmentOptions options) : flip_(flip), augment_(std::move(options)) {}

  // By the sample's seed; further views of it have seeds of their own.
  std::vector<RowAugment> draw(const Batch& batch, const InputLayout& layout) const;
  // u8 [R,T,H,W,3] -> the same shape and device. The argument stays as it is.
  at::Tensor apply(const at::Tensor& raw, const std::vector<RowAugment>& rows) const;

 private:
  double flip_;
  vh::media::Augment augment_;
};

// What the manifest's data.augment says, nullopt without one. Throws Error where two keys don't fit together, and where
// the dataset of data.train does the same in its worker, by the parameters of vhost/media/augment_params.h or "flip".
std::optional<BatchAugment> batch_augment(const Manifest& manifest, const InputLayout& layout);

}  // namespace vhost
