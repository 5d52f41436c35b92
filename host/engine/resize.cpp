#include "engine/resize.h"

#include <ATen/ATen.h>

#include <cstdio>

namespace vhost {

at::Tensor resized(const at::Tensor& stored, const Param& param) {
  long axis = 0;
  int length = 0;
  const at::IntArrayRef want = param.value.sizes();
  const std::string& rule = param.on_resize;
  if (std::sscanf(rule.c_str(), "linear1d(dim=%ld)%n", &axis, &length) != 1 ||
      length != static_cast<int>(rule.size()) || axis < 0 || axis >= stored.dim() || stored.dim() != param.value.dim())
    return {};
  for (long i = 0; i < stored.dim(); ++i)
    if (i != axis && stored.size(i) != want[static_cast<size_t>(i)]) return {};
  const at::Tensor rows = stored.to(stored.scalar_type() == at::kDouble ? at::kDouble : at::kFloat).movedim(axis, -1);
  const int64_t n = want[static_cast<size_t>(axis)];
  std::vector<int64_t> sizes = rows.sizes().vec();
  sizes.back() = n;
  const at::Tensor flat = at::upsample_linear1d(rows.reshape({1, -1, rows.size(-1)}), {n}, /*align_corners=*/false);
  return flat.reshape(sizes).movedim(-1, axis);
}

}  // namespace vhost
