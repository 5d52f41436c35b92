// What vhost/media/picture_ops.h does to a picture, to the rows of a batch on its device, each row with its own
// decision: the same bytes, whatever the device and whichever rows lie beside.
#pragma once
#include <ATen/core/Tensor.h>
#include <vhost/media/augment.h>

#include <span>
#include <vector>

namespace vhost {

// Pixels are u8 [R,T,H,W,3]. Every row's operations in its order; statistics (contrast, auto-contrast, equalize) are
// each frame's own. The result may share memory with `pixels`, which stays as it is.
at::Tensor flip_rows(const at::Tensor& pixels, const std::vector<bool>& flips);
at::Tensor change_rows(const at::Tensor& pixels, std::span<const vh::media::Decisions> rows, vh::media::Colour fill);
at::Tensor erase_rows(const at::Tensor& pixels, std::span<const vh::media::Decisions> rows,
                      const vh::media::EraseRule& rule);

}  // namespace vhost
