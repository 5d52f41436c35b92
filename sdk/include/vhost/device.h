/* Service "vh.device/1": for kernels of a plugin's own. */
#ifndef VHOST_DEVICE_H
#define VHOST_DEVICE_H
#include "types.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_DEVICE_1 "vh.device/1"

typedef struct vh_device_1 {
  uint32_t struct_size, reserved;
  /* [step] [backward] The stream to launch on (cudaStream_t); NULL on the CPU or for CUDA's default stream. */
  void* (*current_stream)(int32_t device_type, int32_t device_index);
  /* -- minor 1 -- */
} vh_device_1;

#ifdef __cplusplus
}
#endif
#endif
