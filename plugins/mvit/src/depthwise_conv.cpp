#include "depthwise_conv.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#define VH_INLINE inline __attribute__((always_inline))

namespace mvit {
namespace {

constexpr int64_t kTile = 7;        // columns that one pass keeps in registers; it divides 7, 14, 28 and 56
constexpr int64_t kMaxPieces = 64;  // of the weights' gradient

// ---- Vectors of L channels.

template <class S, int L>
struct VectorOf {
  typedef S type __attribute__((vector_size(L * sizeof(S)), aligned(alignof(S)), may_alias));
};
template <class S>
struct VectorOf<S, 1> {
  using type = S;
};
template <class S, int L>
using Vector = typename VectorOf<S, L>::type;

template <class T, int L>
VH_INLINE void load(const T* from, Vector<Sum<T>, L>& v) {
  if constexpr (!std::is_same_v<T, Bf16>) {
    v = *reinterpret_cast<const Vector<T, L>*>(from);
  } else if constexpr (L == 1) {
    const uint32_t bits = static_cast<uint32_t>(from->bits) << 16;
    std::memcpy(&v, &bits, sizeof v);
  } else {
    const auto bits = __builtin_convertvector(*reinterpret_cast<const Vector<uint16_t, L>*>(from), Vector<uint32_t, L>);
    v = reinterpret_cast<Vector<float, L>>(bits << 16);
  }
}

template <class T, int L>
VH_INLINE void store(T* to, const Vector<Sum<T>, L>& v) {
  if constexpr (!std::is_same_v<T, Bf16>) {
    *reinterpret_cast<Vector<T, L>*>(to) = v;
  } else {
    Vector<uint32_t, L> bits;
    std::memcpy(&bits, &v, sizeof v);
    const Vector<uint32_t, L> rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    if constexpr (L == 1)
      to->bits = static_cast<uint16_t>(v == v ? rounded : 0x7fc0u);
    else
      *reinterpret_cast<Vector<uint16_t, L>*>(to) =
          __builtin_convertvector(v == v ? rounded : rounded * 0 + 0x7fc0u, Vector<uint16_t, L>);
  }
}

// ---- Convolution and the gradient of its input: both gather, each output cell from the cells that meet it.

struct Meeting {
  int64_t from, tap;
};
struct Meetings {
  Meeting list[kMaxKernelT];
  int64_t n = 0;
  void add(int64_t from, int64_t tap) { list[n++] = {from, tap}; }
};

// Along one axis, for output cell `to`. Forward: from = to*stride + tap - half; the gradient turns that round.
Meetings meetings(bool backward, int64_t to, int64_t stride, int64_t kernel, int64_t n_from) {
  Meetings m;
  for (int64_t tap = 0; tap < kernel; ++tap) {
    const int64_t offset = backward ? to + kernel / 2 - tap : to * stride + tap - kernel / 2;
    if (backward && offset % stride != 0) continue;
    const int64_t from = backward ? offset / stride : offset;
    if (offset >= 0 && from < n_from) m.add(from, tap);
  }
  return m;
}

// Columns first, first + step, ..: number i is fed by the columns i*from_step + shift, each through its tap.
struct Columns {
  int64_t first, step, count, from_step;
  struct {
    int64_t tap, shift;
  } feeds[3];
  int64_t n_feeds;
};

std::vector<Columns> columns_of(bool backward, int64_t stride, int64_t n_to) {
  if (!backward) return {{0, 1, n_to, stride, {{0, -1}, {1, 0}, {2, 1}}, 3}};
  std::vector<Columns> all;
  for (int64_t phase = 0; phase < std::min(stride, n_to); ++phase) {
    Columns c{phase, stride, (n_to - phase + stride - 1) / stride, 1, {}, 0};
    for (int64_t tap = 0; tap < 3; ++tap)
      if ((phase + 1 - tap + stride) % stride == 0) c.feeds[c.n_feeds++] = {tap, (phase + 1 - tap) / stride};
    all.push_back(c);
  }
  return all;
}

template <class T>
struct Gather {
  const DepthwiseShape& shape;
  bool backward;
  std::array<int64_t, 3> from_grid, to_grid;
  TokenMaps<const T> from;
  TokenMaps<T> to;
  const Sum<T>* weight;
  std::vector<Columns> columns;
};

template <class T>
struct Row {
  const T* from;
  const Sum<T>* weight;  // 3 x channels
};

template <class T>
struct Rows {
  Row<T> list[kMaxKernelT * 3];
  int64_t n = 0;
};

template <class T>
T* map_of(const TokenMaps<T>& maps, int64_t heads, int64_t map) {
  return maps.data + map / heads * maps.batch_stride + map % heads * maps.head_stride;
}

template <class T>
Rows<T> rows_for(const Gather<T>& g, int64_t map, int64_t t, int64_t h) {
  const auto& [batch, heads, channels, grid, stride, kernel_t] = g.shape;
  const T* from = map_of(g.from, heads, map);
  const Meetings ts = meetings(g.backward, t, stride[0], kernel_t, g.from_grid[0]);
  const Meetings hs = meetings(g.backward, h, stride[1], 3, g.from_grid[1]);
  Rows<T> rows;
  for (int64_t i = 0; i < ts.n; ++i)
    for (int64_t j = 0; j < hs.n; ++j) {
      const int64_t cell = (ts.list[i].from * g.from_grid[1] + hs.list[j].from) * g.from_grid[2];
      const int64_t tap = (ts.list[i].tap * 3 + hs.list[j].tap) * 3;
      rows.list[rows.n++] = {from + cell * g.from.token_stride, g.weight + tap * channels};
    }
  return rows;
}

// Columns i .. i+Tile-1 of L channels from c on. Only the first and the last column can have a tap outside.
template <class T, int L, int64_t Tile>
VH_INLINE void tile(const Gather<T>& g, const Rows<T>& rows, const Columns& cols, int64_t i, int64_t c, T* to) {
  using V = Vector<Sum<T>, L>;
  V sum[Tile] = {};
  const int64_t channels = g.shape.channels, step = cols.from_step * g.from.token_stride;
  for (int64_t r = 0; r < rows.n; ++r)
    for (int64_t f = 0; f < cols.n_feeds; ++f) {
      const int64_t column = i * cols.from_step + cols.feeds[f].shift;
      const bool first = column >= 0, last = column + (Tile - 1) * cols.from_step < g.from_grid[2];
      const T* from = rows.list[r].from + column * g.from.token_stride + c;
      V w, x;
      load<Sum<T>, L>(rows.list[r].weight + cols.feeds[f].tap * channels + c, w);
      if (first && (Tile > 1 || last)) load<T, L>(from, x), sum[0] += w * x;
      for (int64_t k = 1; k + 1 < Tile; ++k) load<T, L>(from + k * step, x), sum[k] += w * x;
      if (Tile > 1 && last) load<T, L>(from + (Tile - 1) * step, x), sum[Tile - 1] += w * x;
    }
  for (int64_t k = 0; k < Tile; ++k)
    store<T, L>(to + (cols.first + (i + k) * cols.step) * g.to.token_stride + c, sum[k]);
}

// The last tile and the last vector step back over what is done, and write the same again.
template <class T, int L>
VH_INLINE void columns(const Gather<T>& g, const Rows<T>& rows, const Columns& cols, T* to) {
  const int64_t channels = g.shape.channels;
  const bool tiled = cols.count >= kTile;
  for (int64_t i = 0; i < cols.count; i += tiled ? kTile : 1)
    for (int64_t c = 0; c < channels; c += L) {
      const int64_t at = std::min(c, channels - L);
      if (tiled)
        tile<T, L, kTile>(g, rows, cols, std::min(i, cols.count - kTile), at, to);
      else
        tile<T, L, 1>(g, rows, cols, i, at, to);
    }
}

template <class T>
void zero_columns(const Gather<T>& g, const Columns& cols, T* to) {
  for (int64_t i = 0; i < cols.count; ++i)
    std::fill_n(to + (cols.first + i * cols.step) * g.to.token_stride, g.shape.channels, T{});
}

template <class T, int L>
VH_INLINE void gather(const Gather<T>& g, int64_t begin, int64_t end) {
  for (int64_t piece = begin; piece < end; ++piece) {
    const int64_t map = piece / g.to_grid[1], h = piece % g.to_grid[1];
    for (int64_t t = 0; t < g.to_grid[0]; ++t) {
      const Rows<T> rows = rows_for(g, map, t, h);
      T* to = map_of(g.to, g.shape.heads, map) + (t * g.to_grid[1] + h) * g.to_grid[2] * g.to.token_stride;
      for (const Columns& cols : g.columns)
        if (rows.n == 0 || cols.n_feeds == 0)
          zero_columns(g, cols, to);
        else
          columns<T, L>(g, rows, cols, to);
    }
  }
}

// ---- Gradient of the weights.

template <class T>
struct Products {
  const DepthwiseShape& shape;
  std::array<int64_t, 3> pooled;
  TokenMaps<const T> x, grad_y;
};

// Rows of x under one row of outputs; a row beyond the edge is one zero token, stepped by 0.
template <class T>
struct UnderRow {
  const T* x[3];
  int64_t step[3];
};

template <class T, int L>
struct NineSums {
  Vector<Sum<T>, L> at[3][3];
};

template <class T, int L, bool First, bool Last>
VH_INLINE void add_column(const UnderRow<T>& under, const T* grad_y, int64_t column, NineSums<T, L>& sums) {
  Vector<Sum<T>, L> g, x;
  load<T, L>(grad_y, g);
  for (int64_t h = 0; h < 3; ++h)
    for (int64_t w = 0; w < 3; ++w) {
      if ((First && w == 0) || (Last && w == 2)) continue;
      load<T, L>(under.x[h] + (column + w - 1) * under.step[h], x);
      sums.at[h][w] += g * x;
    }
}

template <class T, int L>
VH_INLINE void add_row(const Products<T>& p, const UnderRow<T>& under, const T* grad_y, NineSums<T, L>& sums) {
  const int64_t stride = p.shape.stride[2], width = p.shape.grid[2], n = p.pooled[2], step = p.grad_y.token_stride;
  const bool outside = (n - 1) * stride + 1 >= width;
  if (n == 1 && outside) return add_column<T, L, true, true>(under, grad_y, 0, sums);
  add_column<T, L, true, false>(under, grad_y, 0, sums);
  for (int64_t w = 1; w + 1 < n; ++w) add_column<T, L, false, false>(under, grad_y + w * step, w * stride, sums);
  if (n == 1) return;
  if (outside)
    add_column<T, L, false, true>(under, grad_y + (n - 1) * step, (n - 1) * stride, sums);
  else
    add_column<T, L, false, false>(under, grad_y + (n - 1) * step, (n - 1) * stride, sums);
}

template <class T>
UnderRow<T> under_row(const Products<T>& p, const T* frame, const T* zeros, int64_t h, int64_t c) {
  UnderRow<T> under;
  for (int64_t tap = 0; tap < 3; ++tap) {
    const int64_t from = h * p.shape.stride[1] + tap - 1;
    const bool inside = from >= 0 && from < p.shape.grid[1];
    under.x[tap] = inside ? frame + from * p.shape.grid[2] * p.x.token_stride + c : zeros;
    under.step[tap] = inside ? p.x.token_stride : 0;
  }
  return under;
}

// One row of the outputs of one map, all frames; of the L channels from c on, the first `done` have been added before.
template <class T, int L>
VH_INLINE void add_products(const Products<T>& p, int64_t map, int64_t h, int64_t tap_t, int64_t c, int64_t done,
                            Sum<T>* partial) {
  static constexpr T zeros[L] = {};
  const T* x = map_of(p.x, p.shape.heads, map);
  const T* grad_y = map_of(p.grad_y, p.shape.heads, map) + c;
  NineSums<T, L> sums{};
  for (int64_t t = 0; t < p.pooled[0]; ++t) {
    const int64_t from = t * p.shape.stride[0] + tap_t - p.shape.kernel_t / 2;
    if (from < 0 || from >= p.shape.grid[0]) continue;
    const T* frame = x + from * p.shape.grid[1] * p.shape.grid[2] * p.x.token_stride;
    const UnderRow<T> under = under_row(p, frame, zeros, h, c);
    add_row<T, L>(p, under, grad_y + (t * p.pooled[1] + h) * p.pooled[2] * p.grad_y.token_stride, sums);
  }
  for (int64_t tap = 0; tap < 9; ++tap) {
    Sum<T>* to = partial + (tap_t * 9 + tap) * p.shape.channels + c;
    Sum<T> lanes[L];
    store<Sum<T>, L>(lanes, sums.at[tap / 3][tap % 3]);
    for (int64_t lane = done; lane < L; ++lane) to[lane] += lanes[lane];
  }
}

template <class T, int L>
VH_INLINE void products(const Products<T>& p, int64_t begin, int64_t end, Sum<T>* partial) {
  const int64_t channels = p.shape.channels;
  for (int64_t row = begin; row < end; ++row)
    for (int64_t c = 0; c < channels; c += L) {
      const int64_t at = std::min(c, channels - L);
      for (int64_t tap_t = 0; tap_t < p.shape.kernel_t; ++tap_t)
        add_products<T, L>(p, row / p.pooled[1], row % p.pooled[1], tap_t, at, c - at, partial);
    }
}

// ---- One copy for each instruction set.

#define VH_AVX2 __attribute__((target("avx2,fma")))
#define VH_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))

template <class T>
constexpr int lanes(int64_t bytes) {
  return static_cast<int>(bytes / static_cast<int64_t>(sizeof(Sum<T>)));
}

template <class T>
void gather_plain(const Gather<T>& g, int64_t begin, int64_t end) {
  gather<T, lanes<T>(16)>(g, begin, end);
}
template <class T>
VH_AVX2 void gather_avx2(const Gather<T>& g, int64_t begin, int64_t end) {
  gather<T, lanes<T>(32)>(g, begin, end);
}
template <class T>
VH_AVX512 void gather_avx512(const Gather<T>& g, int64_t begin, int64_t end) {
  gather<T, lanes<T>(64)>(g, begin, end);
}

template <class T>
void products_plain(const Products<T>& p, int64_t begin, int64_t end, Sum<T>* partial) {
  products<T, lanes<T>(16)>(p, begin, end, partial);
}
template <class T>
VH_AVX2 void products_avx2(const Products<T>& p, int64_t begin, int64_t end, Sum<T>* partial) {
  products<T, lanes<T>(32)>(p, begin, end, partial);
}
template <class T>
VH_AVX512 void products_avx512(const Products<T>& p, int64_t begin, int64_t end, Sum<T>* partial) {
  products<T, lanes<T>(64)>(p, begin, end, partial);
}

Isa isa = best_isa();

template <class T>
bool fits(Isa wanted, int64_t channels) {
  return isa >= wanted && channels >= lanes<T>(wanted == Isa::avx512 ? 64 : 32);
}

template <class T>
void gather_best(const Gather<T>& g, int64_t begin, int64_t end) {
  const int64_t channels = g.shape.channels;
  if (fits<T>(Isa::avx512, channels)) return gather_avx512(g, begin, end);
  if (fits<T>(Isa::avx2, channels)) return gather_avx2(g, begin, end);
  if (channels >= lanes<T>(16)) return gather_plain(g, begin, end);
  gather<T, 1>(g, begin, end);
}

template <class T>
void products_best(const Products<T>& p, int64_t begin, int64_t end, Sum<T>* partial) {
  const int64_t channels = p.shape.channels;
  if (fits<T>(Isa::avx512, channels)) return products_avx512(p, begin, end, partial);
  if (fits<T>(Isa::avx2, channels)) return products_avx2(p, begin, end, partial);
  if (channels >= lanes<T>(16)) return products_plain(p, begin, end, partial);
  products<T, 1>(p, begin, end, partial);
}

}  // namespace

std::array<int64_t, 3> DepthwiseShape::pooled() const {
  std::array<int64_t, 3> out;
  for (size_t i = 0; i < 3; ++i) out[i] = (grid[i] + stride[i] - 1) / stride[i];
  return out;
}

Isa best_isa() {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return Isa::avx512;
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? Isa::avx2 : Isa::plain;
}

void use_isa(Isa wanted) {
  isa = wanted;
}

int64_t forward_pieces(const DepthwiseShape& shape) {
  return shape.maps() * shape.pooled()[1];
}

template <class T>
void forward(const DepthwiseShape& shape, const TokenMaps<const T>& x, const Sum<T>* weight, const TokenMaps<T>& y,
             int64_t begin, int64_t end) {
  const auto pooled = shape.pooled();
  gather_best<T>({shape, false, shape.grid, pooled, x, y, weight, columns_of(false, shape.stride[2], pooled[2])}, begin,
                 end);
}

int64_t grad_input_pieces(const DepthwiseShape& shape) {
  return shape.maps() * shape.grid[1];
}

template <class T>
void grad_input(const DepthwiseShape& shape, const TokenMaps<const T>& grad_y, const Sum<T>* weight,
                const TokenMaps<T>& grad_x, int64_t begin, int64_t end) {
  gather_best<T>({shape, true, shape.pooled(), shape.grid, grad_y, grad_x, weight,
                  columns_of(true, shape.stride[2], shape.grid[2])},
                 begin, end);
}

int64_t grad_weight_pieces(const DepthwiseShape& shape) {
  return std::min(forward_pieces(shape), kMaxPieces);
}

template <class T>
void grad_weight(const DepthwiseShape& shape, const TokenMaps<const T>& x, const TokenMaps<const T>& grad_y,
                 Sum<T>* partial, int64_t begin, int64_t end) {
  const Products<T> p{shape, shape.pooled(), x, grad_y};
  const int64_t rows = forward_pieces(shape), pieces = grad_weight_pieces(shape), n = shape.taps() * shape.channels;
  for (int64_t piece = begin; piece < end; ++piece) {
    std::fill_n(partial + piece * n, n, Sum<T>{});
    products_best<T>(p, piece * rows / pieces, (piece + 1) * rows / pieces, partial + piece * n);
  }
}

template <class S>
std::vector<S> add_pieces(const DepthwiseShape& shape, const S* partial) {
  const int64_t n = shape.taps() * shape.channels, pieces = grad_weight_pieces(shape);
  std::vector<double> sum(static_cast<size_t>(n));
  for (int64_t piece = 0; piece < pieces; ++piece)
    for (int64_t i = 0; i < n; ++i) sum[static_cast<size_t>(i)] += static_cast<double>(partial[piece * n + i]);
  return {sum.begin(), sum.end()};
}

#define VH_DEPTHWISE(T)                                                                                                \
  template void forward(const DepthwiseShape&, const TokenMaps<const T>&, const Sum<T>*, const TokenMaps<T>&, int64_t, \
                        int64_t);                                                                                      \
  template void grad_input(const DepthwiseShape&, const TokenMaps<const T>&, const Sum<T>*, const TokenMaps<T>&,       \
                           int64_t, int64_t);                                                                          \
  template void grad_weight(const DepthwiseShape&, const TokenMaps<const T>&, const TokenMaps<const T>&, Sum<T>*,      \
                            int64_t, int64_t);
VH_DEPTHWISE(float)
VH_DEPTHWISE(double)
VH_DEPTHWISE(Bf16)
template std::vector<float> add_pieces(const DepthwiseShape&, const float*);
template std::vector<double> add_pieces(const DepthwiseShape&, const double*);

}  // namespace mvit
