// HOG on the CPU: the kernel of hog_rows.h over frames and rows of cells.
#pragma once
#include <vector>

#include "hog_layout.h"
#include "hog_rows.h"

namespace maskfeat {

// Calls fn(ctx, begin, end) on ranges that cover [0, n), as vh.parallel/1's for_range does.
using ForRange = int32_t (*)(int64_t n, int64_t grain, int32_t (*fn)(void*, int64_t, int64_t), void* ctx);

// One thread: the ForRange for programs without a host.
int32_t serial_range(int64_t n, int64_t grain, int32_t (*fn)(void*, int64_t, int64_t), void* ctx);

// The instruction sets that this processor has, the widest last.
std::vector<const HogRows*> hog_rows_here();

// out: [frames, tokens, features] in fp32. For 9 bins and cells of 8. Pixels are interleaved (pixel_stride = channels,
// channel_stride = 1) or in planes (pixel_stride = 1). rows: NULL = the widest that there are. The result's bits depend
// neither on them nor on the number of threads. False: not enough memory.
bool hog_on_cpu(const HogPixels& pixels, const HogShape& shape, float* out, ForRange for_range,
                const HogRows* rows = nullptr);

}  // namespace maskfeat
