/* Service "vh.parallel/1": the host's threads. A plugin starts none that outlives its object. */
#ifndef VHOST_PARALLEL_H
#define VHOST_PARALLEL_H
#include "types.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_PARALLEL_1 "vh.parallel/1"

typedef struct vh_parallel_1 {
  uint32_t struct_size, reserved;
  /* [any] Calls fn(ctx, begin, end) on disjoint half-open ranges covering [0, n), at least `grain` long but the last;
   * returns when all are done, with the first failure. In [worker] and nested calls it runs inline. */
  int32_t (*for_range)(int64_t n, int64_t grain, int32_t (*fn)(void* ctx, int64_t begin, int64_t end), void* ctx);
  int32_t (*threads)(void); /* [any] how many ranges run at once; 1 in a [worker] */
  /* -- minor 1 -- */
} vh_parallel_1;

#ifdef __cplusplus
}
#endif
#endif
