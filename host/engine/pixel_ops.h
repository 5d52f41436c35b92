// The operations of vhost/media/picture_ops.h with ATen, on any device: the same bytes.
#pragma once
#include <ATen/core/Tensor.h>
#include <vhost/media/augment.h>

#include <span>

namespace vhost {

// u8 [R,T,H,W,3] -> the same. ops: one a row, all of one kind; those of affine_of() may be mixed if their filter is
// one.
at::Tensor apply_op(const at::Tensor& pixels, std::span<const vh::media::Op> ops, vh::media::Colour fill);

}  // namespace vhost
