/* Service "vh.rng/1": generators for operators. Dropout and other operators use the default generator, which the host
 * seeds before every micro-step with hash(seed, step, micro-step, rank). On the CPU side use vhost/random.h. */
#ifndef VHOST_RNG_H
#define VHOST_RNG_H
#include "types.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_RNG_1 "vh.rng/1"

typedef struct vh_rng_1 {
  uint32_t struct_size, reserved;
  /* [setup] [step] A generator of one's own, for VH_GENERATOR arguments. Owned by the caller. */
  int32_t (*generator_new)(uint64_t seed, int32_t device_type, int32_t device_index, vh_generator** out, vh_error*);
  void (*generator_release)(vh_generator*); /* [any] NULL is allowed */
  /* -- minor 1 -- */
} vh_rng_1;

#ifdef __cplusplus
}
#endif
#endif
