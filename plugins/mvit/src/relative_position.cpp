#include "relative_position.h"

#include <algorithm>

namespace mvit {

namespace {

constexpr int64_t kLargest = int64_t{1} << 28;  // weights of an axis; a picture of 1024 pixels has 33 million at most
constexpr int64_t kAlignment = 8;               // channels that fused attention on GPUs wants in one piece

// values() makes rows * columns numbers, which meta tensors don't need.
template <class Values>
vh::Tensor constant(int64_t rows, int64_t columns, const vh::Tensor& like, const Values& values) {
  const vh::DType dtype = like.dtype() == vh::DType::f64 ? vh::DType::f64 : vh::DType::f32;
  if (like.is_meta()) return vh::ops::zeros({rows, columns}, dtype, like.device());
  const vh::Tensor host = vh::from_host(values().data(), {rows, columns}, vh::DType::f64, like.device());
  return dtype == vh::DType::f64 ? host : host.to(dtype);
}

void check_size(const char* axis, int64_t queries, int64_t keys, int64_t stored) {
  if (queries * keys > kLargest / stored)
    throw vh::argument_error(vh::str("relative positions along ", axis, " of ", queries, " queries and ", keys,
                                     " keys take over ", kLargest, " weights: smaller pictures or a larger ",
                                     "\"patch_stride\" are needed"));
}

void add_one_hots(std::vector<double>& rows, const RelativeGrid& g, int64_t prefix, bool frames) {
  const int64_t first_h = frames ? g.keys[0] : 0, first_w = first_h + g.keys[1] + g.padding;
  int64_t row = prefix;
  for (int64_t t = 0; t < g.keys[0]; ++t)
    for (int64_t h = 0; h < g.keys[1]; ++h)
      for (int64_t w = 0; w < g.keys[2]; ++w, ++row) {
        double* at = &rows[static_cast<size_t>(row * g.channels)];
        if (frames) at[t] = 1;
        at[first_h + h] = 1;
        at[first_w + w] = 1;
      }
}

}  // namespace

int64_t relative_rows(int64_t queries, int64_t keys) {
  return 2 * std::max(queries, keys) - 1;
}

std::vector<int64_t> relative_index(int64_t queries, int64_t keys) {
  const auto q = static_cast<float>(queries), k = static_cast<float>(keys);
  const auto step_q = static_cast<float>(std::max(static_cast<double>(keys) / static_cast<double>(queries), 1.0));
  const auto step_k = static_cast<float>(std::max(static_cast<double>(queries) / static_cast<double>(keys), 1.0));
  std::vector<int64_t> index;
  for (float i = 0; i < q; ++i)
    for (float j = 0; j < k; ++j) index.push_back(static_cast<int64_t>(i * step_q - (j + (1 - k)) * step_k));
  return index;
}

std::vector<double> relative_weights(int64_t queries, int64_t keys, int64_t stored, int64_t padding) {
  const int64_t needed = relative_rows(queries, keys);
  const std::vector<int64_t> index = relative_index(queries, keys);
  std::vector<double> weights(static_cast<size_t>(queries * (keys + padding) * stored));
  for (int64_t i = 0; i < queries; ++i)
    for (int64_t j = 0; j < keys; ++j) {
      const auto row = static_cast<double>(index[static_cast<size_t>(i * keys + j)]);
      const double source =
          std::max(0.0, (row + 0.5) * static_cast<double>(stored) / static_cast<double>(needed) - 0.5);
      const int64_t low = std::min(static_cast<int64_t>(source), stored - 1), high = std::min(low + 1, stored - 1);
      double* at = &weights[static_cast<size_t>((i * (keys + padding) + j) * stored)];
      const double share = source - static_cast<double>(low);
      at[low] += 1 - share;
      at[high] += share;
    }
  return weights;
}

RelativeGrid relative_grid(const vh::Grid& queries, const vh::Grid& keys, const RelativeTables& tables, int64_t prefix,
                           int64_t head_width) {
  const bool frames = tables.rows[0].defined();
  RelativeGrid g;
  g.queries = queries, g.keys = keys;
  const int64_t terms = (frames ? keys[0] : 0) + keys[1] + keys[2];
  g.padding = (kAlignment - (head_width + terms) % kAlignment) % kAlignment;
  g.channels = terms + g.padding;
  static constexpr const char* kAxes[] = {"T", "H", "W"};
  for (size_t axis = frames ? 0 : 1; axis < 3; ++axis) {
    const vh::Tensor& table = tables.rows[axis];
    const int64_t padding = axis == 1 ? g.padding : 0, stored = table.size(0);
    check_size(kAxes[axis], queries[axis], keys[axis], stored);
    g.weights[axis] = constant(queries[axis] * (keys[axis] + padding), stored, table,
                               [&] { return relative_weights(queries[axis], keys[axis], stored, padding); });
  }
  g.one_hots = constant(prefix + vh::cells(keys), g.channels, tables.rows[1], [&] {
    std::vector<double> rows(static_cast<size_t>((prefix + vh::cells(keys)) * g.channels));
    add_one_hots(rows, g, prefix, frames);
    return rows;
  });
  return g;
}

vh::Tensor with_relative_terms(const vh::Tensor& q, const RelativeTables& tables, const RelativeGrid& g) {
  const int64_t b = q.size(0), heads = q.size(1), n = q.size(2), width = q.size(3);
  const auto [t, h, w] = g.queries;
  const auto rows = [&](size_t axis) {  // queries x C x keys
    const vh::Tensor all = vh::ops::mm(g.weights[axis], tables.rows[axis]);
    return all.view({g.queries[axis], -1, width}).transpose(1, 2);
  };
  std::vector<vh::Tensor> parts{q};
  if (g.weights[0].defined())
    parts.push_back(vh::ops::matmul(q.reshape({b * heads, t, h * w, width}), rows(0)).view({b, heads, n, -1}));
  parts.push_back(vh::ops::matmul(q.reshape({b * heads * t, h, w, width}), rows(1)).view({b, heads, n, -1}));
  const vh::Tensor columns = q.reshape({b * heads * t * h, w, width}).transpose(0, 1);  // W x BHTH x C, not copied
  parts.push_back(vh::ops::bmm(columns, rows(2)).transpose(0, 1).reshape({b, heads, n, -1}));
  return vh::ops::cat(parts, 3);
}

}  // namespace mvit
