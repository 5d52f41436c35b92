// Checkpoints of other sizes: what a parameter's on_resize allows (vhost/params.h).
#pragma once
#include "gateway/gateway.h"

namespace vhost {

// The stored tensor in the parameter's sizes. "linear1d(dim=D)" interpolates along axis D with half-pixel centres, as
// PyTorch does without aligned corners. Undefined if on_resize is another, or if another axis differs as well.
at::Tensor resized(const at::Tensor& stored, const Param& param);

}  // namespace vhost
