/* Interface "vh.target/1": what a self-supervised model must predict. Runs in fp32 (or float64), without gradients,
 * outside autocast. */
#ifndef VHOST_TARGET_H
#define VHOST_TARGET_H
#include "part.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_TARGET_1 "vh.target/1"

/* in:  "input" [B,C,T,H,W] normalised; "raw" u8 [B,T,H,W,C] as the dataset wrote it (views folded into B);
 *      "mask.*" as in backbone.h; "features.*" specs at assembly only (the grid); "batch.*" every other field.
 * out: "target.NAME" ("BNC" of VH_ALL or VH_MASKED; semantics: docs/pictures.md), optionally "weight.NAME" [B,N]. */
typedef struct vh_target_1 {
  uint32_t struct_size, caps; /* VH_CAP_* */
  /* [setup] Makes the part and all its parameters. On failure *self is untouched and nothing is left behind. */
  int32_t (*create)(const vh_build*, void** self, vh_error*);
  /* [setup] Never fails. */
  void (*destroy)(void* self);
  /* [setup] Pure: states its outputs for these inputs. */
  int32_t (*describe)(void* self, const vh_specs* in, vh_spec_sink*, vh_error*);
  /* [step] Reads step->in, puts every described key into step->out. */
  int32_t (*run)(void* self, const vh_step*, vh_error*);
  /* [step] After the optimiser has stepped: queues, centres. May do nothing; may be NULL. */
  int32_t (*after_step)(void* self, const vh_step*, vh_error*);
  /* -- minor 1 -- */
} vh_target_1;

#ifdef __cplusplus
}
#endif
#endif
