// Rows of token lists: picking some by index.
#pragma once
#include "vhost/cpp/tensor.hpp"

namespace videomae {

// x [B,N,C], index [B,M] i64 into N -> [B,M,C]. Copies whole rows, which is far quicker than gather on the CPU.
inline vh::Tensor pick(const vh::Tensor& x, const vh::Tensor& index) {
  const int64_t batch = x.size(0), tokens = x.size(1), width = x.size(2), picked = index.size(1);
  if (batch == 1) return vh::ops::index_select(x, 1, index.view({picked}));
  const vh::Tensor first = vh::ops::arange(0, batch, vh::DType::i64, x.device()).unsqueeze(1) * tokens;  // B x 1
  const vh::Tensor rows = (index + first).reshape({batch * picked});
  return vh::ops::index_select(x.reshape({batch * tokens, width}), 0, rows).view({batch, picked, width});
}

// table [N,C], index [B,M] -> [B,M,C].
inline vh::Tensor pick_positions(const vh::Tensor& table, const vh::Tensor& index) {
  return vh::ops::embedding(table, index);
}

}  // namespace videomae
