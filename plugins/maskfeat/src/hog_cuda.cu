#include <cuda_runtime.h>

#include "hog_cuda.h"
#include "hog_tile.h"

namespace maskfeat {

namespace {

constexpr int kThreads = 96;  // a column each, of 32 pixels with 3 channels

template <class T>
__global__ void __launch_bounds__(kThreads) hog_kernel(const __grid_constant__ HogTiles tiles) {
  extern __shared__ float shared[];
  const int thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
  const HogBlock block = hog_block(tiles, blockIdx.x, shared);
  hog_fill<T>(tiles, block, thread, threads);
  for (int cell_y = 0; cell_y < tiles.token_h; ++cell_y) {
    __syncthreads();
    hog_columns_down(tiles, block, cell_y, thread, threads);
    __syncthreads();
    hog_add_columns(tiles, block, thread, threads);
    __syncthreads();
    hog_normalise(tiles, block, cell_y, thread, threads);
  }
  __syncthreads();
  hog_write(tiles, block, thread, threads);
}

// The calling thread's device, for the length of a launch.
class OnDevice {
 public:
  explicit OnDevice(int device) : device_(device) {
    status_ = cudaGetDevice(&before_);
    if (status_ == cudaSuccess && before_ != device_) status_ = cudaSetDevice(device_);
  }
  ~OnDevice() {
    if (status_ == cudaSuccess && before_ != device_) cudaSetDevice(before_);
  }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;
  cudaError_t status() const { return status_; }

 private:
  int device_, before_ = 0;
  cudaError_t status_;
};

}  // namespace

HogLaunch hog_on_cuda(const HogPixels& pixels, const HogShape& shape, float* out, int device, void* stream,
                      const char** message) {
  HogTiles tiles;
  int64_t blocks = 0;
  if (!hog_tiles(pixels, shape, out, tiles, blocks) || blocks > INT32_MAX) return HogLaunch::declined;
  if (blocks == 0) return HogLaunch::done;
  const OnDevice on(device);
  cudaError_t status = on.status();
  if (status == cudaSuccess) {
    const size_t bytes = static_cast<size_t>(hog_shared(tiles).total()) * sizeof(float);
    const auto grid = static_cast<unsigned>(blocks);
    const auto queue = static_cast<cudaStream_t>(stream);
    if (pixels.bytes)
      hog_kernel<uint8_t><<<grid, kThreads, bytes, queue>>>(tiles);
    else
      hog_kernel<float><<<grid, kThreads, bytes, queue>>>(tiles);
    status = cudaGetLastError();
  }
  *message = status == cudaSuccess ? nullptr : cudaGetErrorString(status);
  return status == cudaSuccess ? HogLaunch::done : HogLaunch::failed;
}

}  // namespace maskfeat
