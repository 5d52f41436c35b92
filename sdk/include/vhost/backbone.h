/* Interface "vh.backbone/1": normalised input -> features. */
#ifndef VHOST_BACKBONE_H
#define VHOST_BACKBONE_H
#include "part.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_BACKBONE_1 "vh.backbone/1"

/* mask_modes bits */
#define VH_MASK_NONE 1u    /* runs without a mask */
#define VH_MASK_REPLACE 2u /* masked tokens are replaced by a learned token; all tokens come out */
#define VH_MASK_DROP 4u    /* only visible tokens are computed and come out */

/* in:  "input" [B,C,T,H,W] (T = 1 for images), normalised, in the host's float type;
 *      with a mask also "mask.bool" [B,N] (1 = masked), "mask.visible_index" [B,Nv] i64, "mask.masked_index" [B,Nm]
 * i64, indices ascending into the t-major mask grid. Which mode is on: vh_build.in has "mask.bool" with semantic
 *      "mask.replace" or "mask.drop".
 * out: "features.0" (the final map), "features.1" .. (earlier stages); axes "BNC", "BCTHW" or "BC". */
typedef struct vh_backbone_1 {
  uint32_t struct_size, caps; /* VH_CAP_* */
  /* [setup] Makes the part and all its parameters. On failure *self is untouched and nothing is left behind. */
  int32_t (*create)(const vh_build*, void** self, vh_error*);
  /* [setup] Never fails; tensors that the part still holds are released here. */
  void (*destroy)(void* self);
  /* [setup] Pure: states its outputs for these inputs, which may be of other sizes than at create. Fails with
   * VH_ERR_ARGUMENT and the sizes that would do. */
  int32_t (*describe)(void* self, const vh_specs* in, vh_spec_sink*, vh_error*);
  /* [step] Reads step->in, puts every described key into step->out. May be called on meta tensors if VH_CAP_META. */
  int32_t (*run)(void* self, const vh_step*, vh_error*);
  /* [setup] VH_MASK_* bits, and the input samples (t,h,w) that one mask cell covers. */
  int32_t (*mask_modes)(void* self, uint32_t* modes, int64_t unit[3], vh_error*);
  /* -- minor 1 -- */
} vh_backbone_1;

#ifdef __cplusplus
}
#endif
#endif
