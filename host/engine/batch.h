// A batch from the loader as the tensors that the model reads.
#pragma once
#include "assembly/model.h"
#include "data/loader.h"
#include "engine/augment.h"
#include "engine/mix.h"

namespace vhost {

// Keys: input, raw, batch.*, mask.*, sample_weight; where the layout is mixed batch.label_soft too, mixed as `mix`
// says. Pixels are augmented first, if `augment` is given. Tensors on the CPU share the batch's memory: release it
// afterwards.
vh_map batch_tensors(const Batch& batch, const InputLayout& layout, const MaskLayout& mask, const BuildOptions& options,
                     const BatchAugment* augment = nullptr, const MixDraw& mix = {});

// (pixel - mean) / std: u8 [R,T,H,W,C] -> float [R,C,T,H,W].
at::Tensor normalise(const at::Tensor& raw, const InputLayout& layout, at::ScalarType dtype);

// Seeds of the model's rows: each sample's, once per view.
std::vector<uint64_t> row_seeds(const Batch& batch, const InputLayout& layout);

double weight_sum(const Batch& batch);
int64_t masked_sum(const Batch& batch, const InputLayout& layout, const MaskLayout& mask);  // of rows with weight

}  // namespace vhost
