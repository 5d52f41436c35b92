/* Interface "vh.loss/1": predictions against targets -> one sum. Runs in fp32 (or float64) outside autocast. */
#ifndef VHOST_LOSS_H
#define VHOST_LOSS_H
#include "part.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_LOSS_1 "vh.loss/1"

/* normaliser() kinds: what the host divides "loss.sum" by. The first two are known before the forward pass, for all
 * micro-batches of a step, so that accumulation is exact. */
#define VH_DIVIDE_SAMPLES 0u /* samples with weight */
#define VH_DIVIDE_MASKED 1u  /* masked tokens */
#define VH_DIVIDE_OWN 2u     /* the loss has divided by itself; micro-batches are averaged */

/* in:  "pred", "target" and, if there is one, "weight": bound by the manifest to full keys ("pred.main.pixels",
 *      "target.pixels", "batch.label", "batch.label_soft"). Target and weight have been gathered to the prediction's
 *      coverage. "sample_weight" [B] f32: 0 for padding rows.
 * out: "loss.sum" (scalar, differentiable), and any "part.NAME" scalars to be logged (same divisor). */
typedef struct vh_loss_1 {
  uint32_t struct_size, caps; /* VH_CAP_* */
  /* [setup] Makes the part. On failure *self is untouched and nothing is left behind. */
  int32_t (*create)(const vh_build*, void** self, vh_error*);
  /* [setup] Never fails. */
  void (*destroy)(void* self);
  /* [setup] Pure: checks that pred and target fit, and states "loss.sum" and its parts. */
  int32_t (*describe)(void* self, const vh_specs* in, vh_spec_sink*, vh_error*);
  /* [step] Reads step->in, puts every described key into step->out. */
  int32_t (*run)(void* self, const vh_step*, vh_error*);
  /* [setup] One of VH_DIVIDE_*. */
  int32_t (*normaliser)(void* self, uint32_t* kind, vh_error*);
  /* -- minor 1 -- */
} vh_loss_1;

#ifdef __cplusplus
}
#endif
#endif
