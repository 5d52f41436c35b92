/* Interface "vh.mask/1": chooses masked cells, per sample, on the CPU. The host makes counts and index lists of it. */
#ifndef VHOST_MASK_H
#define VHOST_MASK_H
#include "part.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_MASK_1 "vh.mask/1"

typedef struct vh_mask_1 {
  uint32_t struct_size, caps; /* 0 */
  /* [setup] vh_build.in is empty; no parameters may be made. */
  int32_t (*create)(const vh_build*, void** self, vh_error*);
  /* [setup] Never fails. */
  void (*destroy)(void* self);
  /* [setup] Fewest and most masked cells on a grid of t,h,w cells. Equal: VH_MASK_DROP can use it. */
  int32_t (*counts)(void* self, const int64_t grid[3], int64_t* min_masked, int64_t* max_masked, vh_error*);
  /* [worker] Writes mask[t*h*w] (1 = masked, t-major) as a function of seed alone (vhost/random.h), within counts(). */
  int32_t (*draw)(void* self, const int64_t grid[3], uint64_t seed, uint8_t* mask, vh_error*);
  /* -- minor 1 -- */
} vh_mask_1;

#ifdef __cplusplus
}
#endif
#endif
