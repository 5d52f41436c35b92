/* Service "vh.tensor/1": handles, shapes and memory. Everything else about tensors is an operator. */
#ifndef VHOST_TENSOR_H
#define VHOST_TENSOR_H
#include "types.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_TENSOR_1 "vh.tensor/1"

typedef struct vh_tensor_1 {
  uint32_t struct_size, reserved;
  void (*retain)(vh_tensor*);                  /* [any] NULL is allowed */
  void (*release)(vh_tensor*);                 /* [any] NULL is allowed */
  int32_t (*rank)(const vh_tensor*);           /* [any] -1 for NULL */
  const int64_t* (*sizes)(const vh_tensor*);   /* [any] rank items, valid as long as the tensor and its shape */
  const int64_t* (*strides)(const vh_tensor*); /* [any] in elements */
  int64_t (*numel)(const vh_tensor*);          /* [any] number of elements */
  int32_t (*dtype)(const vh_tensor*);          /* [any] VH_F32 ..; 0 = one of LibTorch's that has no number here */
  void (*device)(const vh_tensor*, int32_t* type, int32_t* index); /* [any] VH_CPU, VH_CUDA or VH_META */
  int32_t (*requires_grad)(const vh_tensor*);                      /* [any] 0 or 1 */
  int32_t (*is_contiguous)(const vh_tensor*);                      /* [any] 0 or 1 */
  /* [step] Memory of the first element, on the tensor's device; NULL on meta. Valid as long as the tensor. */
  const void* (*data)(const vh_tensor*);
  /* [step] The same for writing; bumps the version counter, so that autograd notices. NULL + error on meta, and on a
   * leaf that requires grad while grad mode is on. */
  void* (*data_mut)(vh_tensor*, vh_error*);
  /* [step] [setup] A new contiguous tensor without gradient, uninitialised. */
  int32_t (*empty)(const int64_t* sizes, int32_t rank, int32_t dtype, int32_t device_type, int32_t device_index,
                   vh_tensor** out, vh_error*);
  /* [step] [setup] A new tensor with a copy of host memory (contiguous, of that dtype). */
  int32_t (*from_host)(const void* data, const int64_t* sizes, int32_t rank, int32_t dtype, int32_t device_type,
                       int32_t device_index, vh_tensor** out, vh_error*);
  /* [step] [setup] Copies to contiguous host memory of `bytes` bytes (checked); waits for the device. */
  int32_t (*to_host)(const vh_tensor*, void* data, int64_t bytes, vh_error*);
  /* [step] The value of a one-element tensor; waits for the device. */
  int32_t (*item)(const vh_tensor*, double* out, vh_error*);
  /* -- minor 1 -- */
} vh_tensor_1;

#ifdef __cplusplus
}
#endif
#endif
