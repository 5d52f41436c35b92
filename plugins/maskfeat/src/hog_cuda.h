// HOG on CUDA: one pass over the pixels, everything between in shared memory.
#pragma once
#include "hog_layout.h"

namespace maskfeat {

// As hog_on_cpu, with pixels and out in the device's memory; launches on `stream` (cudaStream_t) and returns at once,
// without synchronising. Done: `out` is being written. Declined: tokens too large for a block's shared memory; nothing
// was launched. Otherwise `message`, valid until the process ends, says what CUDA refused.
enum class HogLaunch { done, declined, failed };
HogLaunch hog_on_cuda(const HogPixels& pixels, const HogShape& shape, float* out, int device, void* stream,
                      const char** message);

}  // namespace maskfeat
