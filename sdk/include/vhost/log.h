/* Service "vh.log/1": messages, scalars, progress and cancelling. */
#ifndef VHOST_LOG_H
#define VHOST_LOG_H
#include "types.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_LOG_1 "vh.log/1"

#define VH_LOG_DEBUG 0
#define VH_LOG_INFO 1
#define VH_LOG_WARN 2
#define VH_LOG_ERROR 3

typedef struct vh_log_1 {
  uint32_t struct_size, reserved;
  void (*write)(int32_t level, const char* part, const char* text); /* [any] one line */
  void (*scalar)(const char* name, vh_tensor* one_element);         /* [step] goes into the metrics without a sync */
  void (*progress)(const char* what, int64_t done, int64_t total);  /* [setup] any thread of the part */
  int32_t (*cancelled)(void);                                       /* [any] 1 = stop soon, return VH_ERR_CANCELLED */
  /* -- minor 1 -- */
} vh_log_1;

#ifdef __cplusplus
}
#endif
#endif
