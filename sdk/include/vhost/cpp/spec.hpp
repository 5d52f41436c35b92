// Specs in C++: what a part states about its tensors, and what it reads about others'.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "host.hpp"
#include "value.hpp"

namespace vh {

inline constexpr int64_t kBatch = VH_DIM_BATCH, kVisible = VH_DIM_VISIBLE, kMasked = VH_DIM_MASKED,
                         kVariable = VH_DIM_VAR;

// t,h,w of a token grid, or input samples per cell.
using Grid = std::array<int64_t, 3>;
inline int64_t cells(const Grid& grid) {
  return grid[0] * grid[1] * grid[2];
}

// One named tensor. Written with the names of its fields:
//   vh::Spec{.key = "pred.logits", .semantic = "logits", .axes = "BK", .dim = {vh::kBatch, k}, .classes = k}
struct Spec {
  std::string key = {};
  std::string semantic = {};      // "input","features","tokens","logits","label","mask","target","weight","loss","aux"
  std::string axes = {};          // one letter per dimension; "" = scalar
  std::vector<int64_t> dim = {};  // > 0, or kBatch, kVisible, kMasked, kVariable
  std::vector<int64_t> dim_max = {};  // bounds of kVariable axes; empty = none
  DType dtype = DType::any;
  int32_t coverage = VH_ALL;  // of axis N: VH_ALL, VH_VISIBLE, VH_MASKED
  Grid grid = {};             // t,h,w of the tokens; 0 = no grid
  Grid stride = {};           // input samples per grid cell
  int32_t prefix_tokens = 0;  // before the grid's tokens on axis N
  int32_t stage = 0;          // 0 = the final map
  int64_t classes = 0;

  // Size of the axis with this letter; throws if there is none.
  int64_t size(char axis) const {
    const size_t i = axes.find(axis);
    if (i == std::string::npos || i >= dim.size())
      throw argument_error(str("'", key, "' has no axis ", axis, ": its axes are \"", axes, "\""));
    return dim[i];
  }
  bool is_tokens() const { return axes == "BNC"; }
};

inline Spec to_spec(const vh_spec& c) {
  Spec s{.key = c.key ? c.key : "",
         .semantic = c.semantic ? c.semantic : "",
         .axes = c.axes ? c.axes : "",
         .dim = {c.dim, c.dim + c.rank},
         .dim_max = {c.dim_max, c.dim_max + c.rank},
         .dtype = DType{c.dtype},
         .coverage = c.coverage,
         .prefix_tokens = c.prefix_tokens,
         .stage = c.stage,
         .classes = c.classes};
  for (size_t i = 0; i < 3; ++i) s.grid[i] = c.grid[i], s.stride[i] = c.stride[i];
  return s;
}

// The specs of what will arrive. Valid for the call it came with.
class Specs {
 public:
  explicit Specs(const vh_specs* handle = nullptr) : handle_(handle) {}
  bool has(const std::string& key) const { return find(key) != nullptr; }
  // Throws if the key is missing, and says which there are.
  Spec operator[](const std::string& key) const {
    if (const vh_spec* c = find(key)) return to_spec(*c);
    std::string have;
    for (uint32_t i = 0; i < size(); ++i) have += (i ? ", " : "") + std::string(table().at(handle_, i)->key);
    throw argument_error(str("needs '", key, "', but gets only: ", have.empty() ? "nothing" : have));
  }
  Spec at(uint32_t i) const { return to_spec(*table().at(handle_, i)); }
  uint32_t size() const { return handle_ ? table().count(handle_) : 0; }

 private:
  static const vh_specs_1& table() { return need(detail::services.specs, VH_SPECS_1); }
  const vh_spec* find(const std::string& key) const { return handle_ ? table().find(handle_, key.c_str()) : nullptr; }
  const vh_specs* handle_;
};

// Tokens of a grid, [B,N,width]; N follows the coverage.
inline Spec tokens_spec(std::string key, std::string semantic, const Grid& grid, const Grid& stride, int64_t width,
                        int32_t coverage = VH_ALL) {
  const int64_t n = coverage == VH_MASKED ? kMasked : coverage == VH_VISIBLE ? kVisible : cells(grid);
  return {.key = std::move(key),
          .semantic = std::move(semantic),
          .axes = "BNC",
          .dim = {kBatch, n, width},
          .coverage = coverage,
          .grid = grid,
          .stride = stride};
}
// A map on a grid, [B,width,t,h,w]: what a convolution gives.
inline Spec volume_spec(std::string key, std::string semantic, const Grid& grid, const Grid& stride, int64_t width) {
  return {.key = std::move(key),
          .semantic = std::move(semantic),
          .axes = "BCTHW",
          .dim = {kBatch, width, grid[0], grid[1], grid[2]},
          .grid = grid,
          .stride = stride};
}
inline Spec logits_spec(std::string key, int64_t classes) {
  return {.key = std::move(key), .semantic = "logits", .axes = "BK", .dim = {kBatch, classes}, .classes = classes};
}

// The grid of an input [B,C,T,H,W] cut into cells of t,h,w; throws if they don't fit.
inline Grid grid_of(const Spec& input, const Grid& cell) {
  Grid grid;
  for (size_t i = 0; i < 3; ++i) {
    grid[i] = input.size("THW"[i]) / cell[i];
    if (grid[i] < 1 || grid[i] * cell[i] != input.size("THW"[i]))
      throw argument_error(str("input of ", input.size('T'), "x", input.size('H'), "x", input.size('W'),
                               " can't be cut into cells of ", cell[0], "x", cell[1], "x", cell[2]));
  }
  return grid;
}

namespace detail {

inline void emit(const std::vector<Spec>& specs, vh_spec_sink* sink) {
  for (const Spec& s : specs) {
    if (s.dim.size() > 8 || s.dim.size() != s.axes.size() || (!s.dim_max.empty() && s.dim_max.size() != s.dim.size()))
      throw argument_error(str("spec '", s.key, "': axes \"", s.axes, "\" with dim ", text(s.dim), ", dim_max ",
                               text(s.dim_max), ": want one letter per dimension, at most 8"));
    vh_spec c{};
    c.struct_size = sizeof c;
    c.dtype = static_cast<int32_t>(s.dtype);
    c.key = s.key.c_str();
    c.semantic = s.semantic.c_str();
    c.axes = s.axes.c_str();
    c.rank = static_cast<int32_t>(s.dim.size());
    c.coverage = s.coverage;
    for (size_t i = 0; i < s.dim.size(); ++i) c.dim[i] = s.dim[i];
    for (size_t i = 0; i < s.dim_max.size(); ++i) c.dim_max[i] = s.dim_max[i];
    for (size_t i = 0; i < 3; ++i) c.grid[i] = s.grid[i], c.stride[i] = s.stride[i];
    c.prefix_tokens = s.prefix_tokens;
    c.stage = s.stage;
    c.classes = s.classes;
    if (const int32_t status = sink->add(sink, &c))
      throw Error(str("the host refused the spec of '", s.key, "'"), status);
  }
}

}  // namespace detail
}  // namespace vh
