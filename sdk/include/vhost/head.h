/* Interface "vh.head/1": features -> predictions. */
#ifndef VHOST_HEAD_H
#define VHOST_HEAD_H
#include "part.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_HEAD_1 "vh.head/1"

/* in:   "features.*" of the backbone, "mask.*" if there is a mask; "batch.label" only with VH_CAP_LABELS, in VH_TRAIN.
 * want: the target's spec ("target.NAME": predict its last axis), or "batch.label" with `classes`.
 * out:  "pred.NAME" with its coverage; the host stores it as "pred.<head>.NAME". Logits are "pred.logits" [B,K]. */
typedef struct vh_head_1 {
  uint32_t struct_size, caps; /* VH_CAP_* */
  /* [setup] Makes the part and all its parameters. On failure *self is untouched and nothing is left behind. */
  int32_t (*create)(const vh_build*, void** self, vh_error*);
  /* [setup] Never fails. */
  void (*destroy)(void* self);
  /* [setup] Pure. Fails with what it accepts when the features don't fit: "accepts tokens [B,N,C] of all tokens". */
  int32_t (*describe)(void* self, const vh_specs* in, vh_spec_sink*, vh_error*);
  /* [step] Reads step->in, puts every described key into step->out. */
  int32_t (*run)(void* self, const vh_step*, vh_error*);
  /* -- minor 1 -- */
} vh_head_1;

#ifdef __cplusplus
}
#endif
#endif
