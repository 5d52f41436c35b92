/* Service "vh.params/1": the host creates parameters, so state-dict names, devices, dtypes, weight-decay groups, layer
 * ids and checkpoints are the same for all plugins. */
#ifndef VHOST_PARAMS_H
#define VHOST_PARAMS_H
#include "types.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_PARAMS_1 "vh.params/1"

/* vh_param.role */
#define VH_PARAMETER 0
#define VH_BUFFER 1           /* saved, no gradient */
#define VH_BUFFER_NOT_SAVED 2 /* recomputed by the part at create: fixed tables */

/* vh_param.flags */
#define VH_PARAM_NO_DECAY 1u
#define VH_PARAM_FROZEN 2u
#define VH_PARAM_NO_EMA 4u

/* One tensor of a part. The initial value depends on (seed, full name) alone, not on the order of creation.
 * init: "zeros", "ones", "constant(v=0.5)", "uniform(a=-1,b=1)", "normal(mean=0,std=0.02)",
 *       "trunc_normal(mean=0,std=0.02,a=-2,b=2)" (a, b absolute bounds), "xavier_uniform(gain=1)",
 * "xavier_normal(gain=1)", "kaiming_uniform(a=2.236)" (PyTorch's Linear/Conv default), "bias_uniform(fan_in=N)" (its
 * bias default); xavier/kaiming fans follow torch.nn.init: dim 1 x receptive field in, dim 0 x receptive field out. */
typedef struct vh_param {
  uint32_t struct_size, flags; /* VH_PARAM_* */
  int32_t role, dtype;         /* dtype 0 = the build's float type */
  const char* name;            /* below the scope: "qkv.weight"; [A-Za-z0-9_.]+ */
  const char* init;            /* see above; NULL = zeros, unless value is given */
  const char* on_resize;       /* when a checkpoint has other sizes: "linear1d(dim=0)", "bicubic2d(prefix=1)",
                                  "inflate(dim=2)";       NULL = refuse */
  vh_tensor* value;            /* instead of init: copied; NULL = use init */
  const int64_t* shape;        /* [rank]; of `value` if that is given */
  int32_t rank;                /* 0 = a scalar */
  int32_t layer;               /* layer id for layer-wise lr decay, 0 = embedding; -1 = last */
  double lr_scale;             /* times the scheduled lr; 0 is read as 1 */
  /* -- minor 1 -- */
} vh_param;

typedef struct vh_params_1 {
  uint32_t struct_size, reserved;
  /* [setup] Makes a parameter or buffer. *out is borrowed and valid for the part's life, while its content may be
   * swapped (EMA, load): never cache what derives from it. Fails on a name used twice. */
  int32_t (*create)(vh_scope*, const vh_param*, vh_tensor** out, vh_error*);
  /* [setup] A scope below this one ("blocks.3"); the same name gives the same scope. Valid as long as its parent. */
  vh_scope* (*child)(vh_scope*, const char* name);
  /* -- minor 1 -- */
} vh_params_1;

#ifdef __cplusplus
}
#endif
#endif
