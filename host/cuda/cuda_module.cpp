#include <c10/cuda/CUDAFunctions.h>

// Number of CUDA devices that can be used; 0 = none. Loading this library has registered LibTorch's CUDA kernels.
extern "C" __attribute__((visibility("default"))) int vhost_cuda_devices() {
  return static_cast<int>(c10::cuda::device_count());
}
