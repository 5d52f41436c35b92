/* Specs: what a named tensor is, at assembly and at every step. Parts state them, the host checks every pair. */
#ifndef VHOST_SPEC_H
#define VHOST_SPEC_H
#include "types.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_SPECS_1 "vh.specs/1"

/* Values of vh_spec.dim that are known only at run time. */
#define VH_DIM_BATCH (-1)
#define VH_DIM_VISIBLE (-2) /* number of visible tokens */
#define VH_DIM_MASKED (-3)  /* number of masked tokens */
#define VH_DIM_VAR (-4)     /* bounded by dim_max */

/* vh_spec.coverage: which grid tokens are along axis N, always in ascending grid order (t-major, then h, w). */
#define VH_ALL 0
#define VH_VISIBLE 1
#define VH_MASKED 2

typedef struct vh_spec {
  uint32_t struct_size;
  int32_t dtype;          /* VH_F32 ..; VH_DTYPE_ANY = the float type the host computes in */
  const char* key;        /* "features.0", "pred.logits", "target.pixels", "video", "label" */
  const char* semantic;   /* "input","features","tokens","logits","label","mask","target","weight","loss","aux" */
  const char* axes;       /* one letter per dimension: "BNC", "BCTHW", "BC", "BK", "VTHWC"; "" = scalar */
  int32_t rank, coverage; /* coverage of axis N: VH_ALL, VH_VISIBLE, VH_MASKED */
  int64_t dim[8];         /* > 0 fixed, or VH_DIM_* */
  int64_t dim_max[8];     /* upper bound of VH_DIM_VAR axes; else 0 */
  int64_t grid[3];        /* t,h,w of the tokens; 0 = no grid */
  int64_t stride[3];      /* input samples per grid cell, t,h,w */
  int32_t prefix_tokens;  /* class or register tokens before the grid tokens on axis N */
  int32_t stage;          /* 0 = the final map, 1.. = earlier ones */
  int64_t classes;        /* of labels and logits; 0 = not applicable */
  /* -- minor 1 -- */
} vh_spec;

typedef struct vh_spec_sink {
  uint32_t struct_size, reserved;
  int32_t (*add)(struct vh_spec_sink*,
                 const vh_spec*); /* [any] on the thread of the call that was given it; copies *spec and its strings */
  /* -- minor 1 -- */
} vh_spec_sink;

/* Service "vh.specs/1": read a set of specs. Pointers are valid as long as the set. */
typedef struct vh_specs_1 {
  uint32_t struct_size, reserved;
  const vh_spec* (*find)(const vh_specs*, const char* key); /* [any] NULL = no such key */
  uint32_t (*count)(const vh_specs*);                       /* [any] */
  const vh_spec* (*at)(const vh_specs*, uint32_t i);        /* [any] in the order of production; NULL past the end */
  /* -- minor 1 -- */
} vh_specs_1;

#ifdef __cplusplus
}
#endif
#endif
