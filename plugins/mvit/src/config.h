// The architecture: which block has which width, heads and strides (arXiv:2112.01526, tables 1 and 8;
// arXiv:2112.09133).
#pragma once
#include <string>
#include <vector>

#include "vhost/cpp/spec.hpp"

namespace mvit {

struct Architecture {
  int64_t width, depth, heads;        // of the first block
  std::vector<int64_t> stage_starts;  // at these blocks width and heads double
  std::vector<int64_t> downscale;     // these halve height and width of the tokens
  bool double_in_attention = true;    // false: in the two-layer network of the block before, as in MaskFeat
  vh::Grid kv_stride = {1, 8, 8};     // of the first block; each downscaling divides it
};

struct BlockShape {
  int64_t in, attention, out;  // channels: of the block's input; of q, k, v and the middle; of its output
  int64_t heads;
  vh::Grid stride_q, stride_kv;
};

// "tiny", "small", "base" or "large" with doubling in attention and downscaling at each stage.
Architecture architecture_named(const std::string& size);

// One row per block. Throws vh::Error naming the parameter at fault.
std::vector<BlockShape> plan_blocks(const Architecture& architecture);

}  // namespace mvit
