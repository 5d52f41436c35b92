/* Service "vh.map/1": the tensors of one step, by key. */
#ifndef VHOST_MAP_H
#define VHOST_MAP_H
#include "types.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_MAP_1 "vh.map/1"

typedef struct vh_map_1 {
  uint32_t struct_size, reserved;
  /* [step] Borrowed: valid for the call in which the map was handed over. NULL = no such key. */
  vh_tensor* (*get)(const vh_map*, const char* key);
  /* [step] Retains the tensor; a second put under one key replaces the first. Fails on an input map. */
  int32_t (*put)(vh_map*, const char* key, vh_tensor*);
  uint32_t (*count)(const vh_map*);                 /* [step] number of keys */
  const char* (*key_at)(const vh_map*, uint32_t i); /* [step] in order of insertion; NULL past the end */
  /* -- minor 1 -- */
} vh_map_1;

#ifdef __cplusplus
}
#endif
#endif
