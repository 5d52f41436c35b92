// vh::media::transform of the rows of a batch, each by its own matrix.
#pragma once
#include <ATen/core/Tensor.h>
#include <vhost/media/picture_ops.h>

#include <vector>

namespace vhost {

// u8 [R,T,H,W,3] -> the same, with the bytes of vh::media::transform on each frame.
at::Tensor transform_rows(const at::Tensor& pixels, const std::vector<vh::media::Affine>& matrices,
                          vh::media::Filter filter, vh::media::Colour fill);

}  // namespace vhost
