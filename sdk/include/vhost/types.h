/* Opaque types, errors and sinks. */
#ifndef VHOST_TYPES_H
#define VHOST_TYPES_H
#include "abi.h"
#ifdef __cplusplus
extern "C" {
#endif

typedef struct vh_tensor vh_tensor; /* counted by the host; NULL = undefined; arguments are borrowed, results owned */
typedef struct vh_map vh_map;       /* key -> tensor, for one step; see map.h */
typedef struct vh_specs vh_specs;   /* key -> vh_spec; see spec.h */
typedef struct vh_node vh_node;     /* a node of the validated parameters; see config.h */
typedef struct vh_scope vh_scope;   /* state-dict prefix of one part; see params.h */
typedef struct vh_op vh_op;         /* one operator overload; see ops.h */
typedef struct vh_list vh_list;     /* an operator's Tensor[] result; see ops.h */
typedef struct vh_generator vh_generator; /* random state for operators; see rng.h */

/* Filled in by whoever fails, owned by the caller. Text is cut at the field's size, on a UTF-8 boundary where the SDK's
 * helpers write it. `err` pointers may be NULL: the callee then keeps its details to itself. */
typedef struct vh_error {
  uint32_t struct_size;
  int32_t code;           /* VH_ERR_* */
  char message[1024];     /* what happened, to what, and what would be accepted */
  char where[256];        /* part, file or operator */
  char json_pointer[256]; /* below the part's own parameters, e.g. "/ratio"; empty = none */
  /* -- minor 1 -- */
} vh_error;

/* Variable-size output. The callee calls add() as often as it likes during the call; a non-zero return means stop. */
typedef struct vh_text_sink {
  uint32_t struct_size, reserved;
  /* [any] on the thread of the call that was given the sink */
  int32_t (*add)(struct vh_text_sink*, const char* text, uint64_t n); /* n bytes, need not be NUL-terminated */
  /* -- minor 1 -- */
} vh_text_sink;

/* The host as a plugin sees it: a door to service tables. Valid from init() until the process ends. */
typedef struct vh_host {
  uint32_t struct_size, abi_minor; /* abi_minor of the host */
  /* [any] The table of a service, e.g. "vh.ops/1"; NULL = this host doesn't have it. Valid until the process ends. */
  const void* (*get_service)(const char* id);
  /* -- minor 1 -- */
} vh_host;

#ifdef __cplusplus
}
#endif
#endif
