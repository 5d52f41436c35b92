// Between tokens and grids, and checks of shapes with messages that a person can act on.
#pragma once
#include "spec.hpp"
#include "tensor.hpp"

namespace vh {

// [B,N,C] with the grid's tokens, t-major, after `prefix_tokens` others ->
// [B,C,T,H,W]. A [B,C,T,H,W] comes back as it is.
inline Tensor as_grid(const Tensor& x, const Grid& grid, int64_t prefix_tokens = 0) {
  if (x.dim() == 5) return x;
  if (x.dim() != 3 || x.size(1) != prefix_tokens + cells(grid))
    throw argument_error(str("as_grid: ", text(x.sizes()), " isn't [B,", prefix_tokens + cells(grid), ",C] (",
                             prefix_tokens, " prefix tokens and a grid of ", grid[0], "x", grid[1], "x", grid[2], ")"));
  const Tensor tokens = prefix_tokens ? x.slice(1, prefix_tokens) : x;
  return tokens.transpose(1, 2).reshape({x.size(0), x.size(2), grid[0], grid[1], grid[2]});
}
inline Tensor as_grid(const Tensor& x, const Spec& spec) {
  return as_grid(x, spec.grid, spec.prefix_tokens);
}

// [B,C,T,H,W] -> [B,T*H*W,C], t-major. Of [B,N,C] the prefix tokens are dropped.
inline Tensor as_tokens(const Tensor& x, int64_t prefix_tokens = 0) {
  if (x.dim() == 5) return x.flatten(2).transpose(1, 2);
  if (x.dim() != 3) throw argument_error(str("as_tokens: ", text(x.sizes()), " is neither [B,C,T,H,W] nor [B,N,C]"));
  return prefix_tokens ? x.slice(1, prefix_tokens) : x;
}
inline Tensor as_tokens(const Tensor& x, const Spec& spec) {
  return as_tokens(x, spec.prefix_tokens);
}

// [B,C,T,H,W] -> [B,N,C*t*h*w], cells of t,h,w samples in t-major order, each in the order of a convolution's kernel:
// with weight.view({out, C*t*h*w}), ops::linear is the convolution whose kernel is its stride.
inline Tensor as_cells(const Tensor& x, const Grid& cell) {
  const Ints size = x.sizes();
  const Grid grid{size[2] / cell[0], size[3] / cell[1], size[4] / cell[2]};
  return x.reshape({size[0], size[1], grid[0], cell[0], grid[1], cell[1], grid[2], cell[2]})
      .permute({0, 2, 4, 6, 1, 3, 5, 7})
      .reshape({size[0], cells(grid), size[1] * cells(cell)});
}

// Of x [B,N,C] the tokens index [B,M] (i64) -> [B,M,C]. By aten::index: index_select and embedding don't run on meta
// tensors.
inline Tensor pick(const Tensor& x, const Tensor& index) {
  const Tensor batch = ops::arange(0, x.size(0), DType::i64, x.device()).unsqueeze(1);  // B x 1
  return ops::index(x, {batch, index});
}
// The same of one table [N,C] for all samples.
inline Tensor pick_rows(const Tensor& table, const Tensor& index) {
  return ops::index(table, {index});
}

inline constexpr int64_t kAny = -1;  // in check_shape: this axis may have any size

// Throws "what: want [8,?,384], got [8,196,768]".
inline void check_shape(const Tensor& x, Ints want, const std::string& what) {
  const Ints have = x.sizes();
  bool fits = x.defined() && have.size() == want.size();
  for (size_t i = 0; fits && i < want.size(); ++i) fits = want[i] == kAny || want[i] == have[i];
  if (fits) return;
  std::string wanted;
  for (int64_t n : want) wanted += (wanted.empty() ? "" : ",") + (n == kAny ? "?" : std::to_string(n));
  throw argument_error(str(what, ": want [", wanted, "], got ", x.defined() ? text(have) : "an undefined tensor"));
}

}  // namespace vh
