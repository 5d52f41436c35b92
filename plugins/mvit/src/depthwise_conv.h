// Depth-wise 3-D convolution of token grids on the CPU: every token is a row of `channels` contiguous values, so that
// one vector instruction takes one tap of 16 channels and nothing is permuted. AVX-512, AVX2 or plain code, by what the
// machine has. Single-threaded pieces; the caller hands out the ranges.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

namespace mvit {

// A bfloat16 as it lies in memory. Sums are taken in float (of double: in double), results rounded to nearest even.
struct Bf16 {
  uint16_t bits;
};

template <class T>
struct SumOf {
  using type = float;
};
template <>
struct SumOf<double> {
  using type = double;
};
template <class T>
using Sum = typename SumOf<T>::type;

// Maps [batch, heads, cells, channels]; strides in elements, the channels' is 1.
template <class T>
struct TokenMaps {
  T* data;
  int64_t batch_stride, head_stride, token_stride;
};

inline constexpr int64_t kMaxKernelT = 7;

// Kernels of kt x 3 x 3 with kt odd and at most kMaxKernelT, padded by half; weights as [kt*3*3][channels], shared by
// all heads.
struct DepthwiseShape {
  int64_t batch, heads, channels;
  std::array<int64_t, 3> grid, stride;  // t,h,w of the input
  int64_t kernel_t;

  std::array<int64_t, 3> pooled() const;
  int64_t taps() const { return kernel_t * 9; }
  int64_t maps() const { return batch * heads; }
};

enum class Isa { plain, avx2, avx512 };
Isa best_isa();
// For tests and benchmarks: what the calls below use. Throws nothing; asking for more than best_isa() crashes.
void use_isa(Isa isa);

// Pieces of the output: one row (all its frames) of one map.
int64_t forward_pieces(const DepthwiseShape& shape);
// y of pieces [begin, end) of x.
template <class T>
void forward(const DepthwiseShape& shape, const TokenMaps<const T>& x, const Sum<T>* weight, const TokenMaps<T>& y,
             int64_t begin, int64_t end);

// The same for the gradient of x: pieces of x's rows.
int64_t grad_input_pieces(const DepthwiseShape& shape);
template <class T>
void grad_input(const DepthwiseShape& shape, const TokenMaps<const T>& grad_y, const Sum<T>* weight,
                const TokenMaps<T>& grad_x, int64_t begin, int64_t end);

// The gradient of the weights is a sum over pieces that don't depend on the number of threads: piece i adds up in
// partial[i*taps*channels ...], and add_pieces() adds those in their order, so the result is the same bits for any.
int64_t grad_weight_pieces(const DepthwiseShape& shape);
template <class T>
void grad_weight(const DepthwiseShape& shape, const TokenMaps<const T>& x, const TokenMaps<const T>& grad_y,
                 Sum<T>* partial, int64_t begin, int64_t end);
template <class S>
std::vector<S> add_pieces(const DepthwiseShape& shape, const S* partial);

}  // namespace mvit
