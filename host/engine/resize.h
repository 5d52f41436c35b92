// Checkpoints of other sizes: what a parameter's on_resize allows (vhost/params.h).
#pragma once
#include "gateway/gateway.h"

namespace vhost {

// The stored tensor in the parameter's sizes; undefined if on_resize doesn't allow it.
// - "linear1d(dim=D)" interpolates along axis D with half-pixel centres, as PyTorch does without aligned corners.
// - "bicubic2d(prefix=P)": a table [1, P + h w, C] of positions, the first P of which belong to no cell and stay. The
//   others are interpolated (bicubic, a = -0.75, half-pixel centres). The stored grid is square, and so is the new one
//   unless the rule says "bicubic2d(prefix=P,h=H,w=W)".
// - "inflate(dim=D)": kernels of pictures and clips. One slice is repeated (not divided: PySlowFast's way); of several
//   where one is wanted the sum is taken.
// No other axis may differ.
at::Tensor resized(const at::Tensor& stored, const Param& param);

}  // namespace vhost
