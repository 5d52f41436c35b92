// Rows of token lists: picking some by index. By aten::index, since
// index_select and embedding don't run on meta tensors.
#pragma once
#include "vhost/cpp/tensor.hpp"

namespace videomae {

// x [B,N,C], index [B,M] i64 into N -> [B,M,C].
inline vh::Tensor pick(const vh::Tensor& x, const vh::Tensor& index) {
  const vh::Tensor batch = vh::ops::arange(0, x.size(0), vh::DType::i64, x.device()).unsqueeze(1);  // B x 1
  return vh::ops::index(x, {batch, index});
}

// table [N,C], index [B,M] i64 into N -> [B,M,C].
inline vh::Tensor pick_rows(const vh::Tensor& table, const vh::Tensor& index) {
  return vh::ops::index(table, {index});
}

}  // namespace videomae
