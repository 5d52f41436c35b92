#include "config.h"

#include <algorithm>

#include "vhost/cpp/error.hpp"

namespace mvit {

namespace {

struct Size {
  const char* name;
  int64_t width, depth, heads;
  std::vector<int64_t> stage_starts;
};

const std::vector<Size>& sizes() {
  static const std::vector<Size> all{{"tiny", 96, 10, 1, {1, 3, 8}},
                                     {"small", 96, 16, 1, {1, 3, 14}},
                                     {"base", 96, 24, 1, {2, 5, 21}},
                                     {"large", 144, 48, 2, {2, 8, 44}}};
  return all;
}

bool contains(const std::vector<int64_t>& list, int64_t value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

void check_blocks(const char* pointer, const std::vector<int64_t>& blocks, int64_t depth) {
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i] < 1 || blocks[i] >= depth)
      throw vh::param_error(
          pointer, vh::str("names block ", blocks[i], "; the blocks are 0 to ", depth - 1, ", and 0 can't be named"));
    if (i > 0 && blocks[i] <= blocks[i - 1]) throw vh::param_error(pointer, "doesn't ascend; give each block once");
  }
}

void check(const Architecture& a) {
  if (a.width % a.heads != 0)
    throw vh::param_error("/heads", vh::str(a.heads, " heads don't divide a width of ", a.width));
  check_blocks("/stage_starts", a.stage_starts, a.depth);
  check_blocks("/downscale", a.downscale, a.depth);
}

}  // namespace

Architecture architecture_named(const std::string& name) {
  for (const Size& size : sizes())
    if (name == size.name)
      return {.width = size.width,
              .depth = size.depth,
              .heads = size.heads,
              .stage_starts = size.stage_starts,
              .downscale = size.stage_starts};
  throw vh::param_error("/size", "there is no size " + name);
}

std::vector<BlockShape> plan_blocks(const Architecture& a) {
  check(a);
  std::vector<BlockShape> blocks;
  int64_t width = a.width, heads = a.heads;
  vh::Grid kv = a.kv_stride;
  for (int64_t i = 0; i < a.depth; ++i) {
    const bool doubles = contains(a.stage_starts, a.double_in_attention ? i : i + 1);
    const int64_t out = doubles ? 2 * width : width;
    if (contains(a.stage_starts, i)) heads *= 2;
    const vh::Grid q = contains(a.downscale, i) ? vh::Grid{1, 2, 2} : vh::Grid{1, 1, 1};
    for (size_t axis = 0; axis < 3; ++axis) kv[axis] = std::max<int64_t>(1, kv[axis] / q[axis]);
    blocks.push_back({width, a.double_in_attention ? out : width, out, heads, q, kv});
    width = out;
  }
  return blocks;
}

}  // namespace mvit
