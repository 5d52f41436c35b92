/* What backbone, target, head and loss have in common: how a part is built, and how it runs. */
#ifndef VHOST_PART_H
#define VHOST_PART_H
#include "map.h"
#include "spec.h"
#ifdef __cplusplus
extern "C" {
#endif

/* vh_build.flags */
#define VH_BUILD_META 1u    /* parameters are made on the meta device: shapes only */
#define VH_BUILD_TEACHER 2u /* a frozen twin: no parameter will get a gradient */

/* vh_step.mode */
#define VH_TRAIN 0u
#define VH_EVAL 1u

/* vh_step.flags */
#define VH_STEP_CAPTURE 1u   /* recorded for replay: no sync, no host read */
#define VH_STEP_META 2u      /* tensors have no data */
#define VH_STEP_RECOMPUTE 4u /* inside activation checkpointing's second forward */
#define VH_STEP_TEACHER 8u

/* caps of a part's table */
#define VH_CAP_GRAPH_SAFE 1u     /* promises: no host read, no sync, no data-dependent shape, no per-step host scalar */
#define VH_CAP_META 2u           /* run() works on meta tensors; without it the part has no FLOPs in --dry-run */
#define VH_CAP_DOUBLE 4u         /* works in float64: gradcheck uses it */
#define VH_CAP_DYNAMIC_PARAMS 8u /* some parameters may get no gradient in some steps */
#define VH_CAP_LABELS 16u        /* head: reads batch.label in train mode */

/* Argument of every create(). [setup]; host-owned; valid for the call, except `scope` and `host`. */
typedef struct vh_build {
  uint32_t struct_size, flags; /* VH_BUILD_* */
  const vh_host* host;         /* until the process ends */
  const vh_node* params;       /* validated against the schema, defaults filled in; see config.h */
  vh_scope* scope;             /* for vh.params/1; valid as long as the part */
  const vh_specs* in;          /* what will arrive: see the interface's header */
  const vh_specs* want;        /* what is wanted of it (head: the target's or label's spec); may be empty */
  const char* package_dir;     /* the installed package; read-only */
  const char* cache_dir;       /* writable; shared with other runs: write to a temporary name, then rename */
  int32_t device_type, device_index, dtype, reserved; /* where and in which float type parameters are made */
  /* -- minor 1 -- */
} vh_build;

/* Argument of every run(). [step]; host-owned; valid for the call. */
typedef struct vh_step {
  uint32_t struct_size, mode;        /* VH_TRAIN or VH_EVAL: comes with each call, there is no global state */
  uint32_t flags, reserved;          /* VH_STEP_* */
  const vh_map* in;                  /* keys as in vh_build.in */
  vh_map* out;                       /* keys as in describe() */
  const uint64_t* sample_seed;       /* [samples]; a function of (seed, epoch, index, repeat) only */
  int64_t samples;                   /* rows of axis B in `input`; may be 0 on meta */
  int64_t step, epoch;               /* optimiser step from 0; epoch from 0 */
  double progress;                   /* 0..1 of the whole run, for schedules inside a part */
  int32_t device_type, device_index; /* make new tensors here; the current stream is the host's */
  /* -- minor 1 -- */
} vh_step;

#ifdef __cplusplus
}
#endif
#endif
