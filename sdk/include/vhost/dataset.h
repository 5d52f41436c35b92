/* Interface "vh.dataset/1": samples of fixed shape, written where the host wants them. */
#ifndef VHOST_DATASET_H
#define VHOST_DATASET_H
#include "part.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_DATASET_1 "vh.dataset/1"

/* pass */
#define VH_PASS_TRAIN 0u
#define VH_PASS_EVAL 1u    /* deterministic views */
#define VH_PASS_PREDICT 2u /* as EVAL, labels may be missing (-1) */

/* Where one sample goes, in the batch's (pinned) memory. Host-owned, 64-byte aligned, zeroed. */
typedef struct vh_slot {
  uint32_t struct_size, n_fields; /* as many as fields() stated */
  void* const* data;              /* [n_fields], in the order of fields() */
  const int64_t* bytes;           /* [n_fields] */
  int64_t* const*
      extent; /* [n_fields]: actual sizes of VH_DIM_VAR axes, written by the plugin; NULL where all are fixed */
  /* -- minor 1 -- */
} vh_slot;

typedef struct vh_read {
  uint32_t struct_size, pass; /* VH_PASS_* */
  int64_t index;              /* 0 .. length()-1 */
  uint32_t n, reserved;       /* augmentations of one decode (repeated augmentation); at least 1 */
  const uint64_t* seed;       /* [n]; everything random is a function of it (vhost/random.h) */
  vh_slot* const* slot;       /* [n] */
  /* -- minor 1 -- */
} vh_read;

typedef struct vh_dataset_1 {
  uint32_t struct_size, caps; /* 0 */
  /* [setup] Opens lists and caches; may take minutes (vh.log/1 progress, cancelled). params "files" (array of paths)
   * replaces the list for predict. */
  int32_t (*create)(const vh_build*, void** self, vh_error*);
  /* [setup] Never fails; no read is under way. */
  void (*destroy)(void* self);
  /* [setup] The fields of one sample for this pass: no B axis; all dims fixed or VH_DIM_VAR. Pixels: semantic "input",
   * u8 "VTHWC" (video) or "VHWC" (image), V = views. Labels: semantic "label", i64 "", with `classes`. */
  int32_t (*fields)(void* self, uint32_t pass, vh_spec_sink*, vh_error*);
  /* [any] Number of samples, constant for the object's life. */
  int32_t (*length)(void* self, int64_t* n, vh_error*);
  /* [worker] Writes n samples. Many threads call it on one object; it never waits for another read. A sample that can't
   * be read fails with VH_ERR_DATA, `where` = its path: the host logs, replaces and counts it. */
  int32_t (*read)(void* self, const vh_read*, vh_error*);
  /* [any] Path or id of a sample: errors, dumps and NaN reports name it. */
  int32_t (*name)(void* self, int64_t index, vh_text_sink*, vh_error*);
  /* [any] Name of a class; adds nothing if there is none. */
  int32_t (*class_name)(void* self, int64_t label, vh_text_sink*, vh_error*);
  /* [setup] Count and hash of the list, e.g. "n=400 sha256=..": goes into every result. */
  int32_t (*fingerprint)(void* self, vh_text_sink*, vh_error*);
  /* -- minor 1 -- */
} vh_dataset_1;

#ifdef __cplusplus
}
#endif
#endif
