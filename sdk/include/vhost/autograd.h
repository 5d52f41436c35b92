/* Service "vh.autograd/1": a plugin's own kernels in autograd, and activation checkpointing. */
#ifndef VHOST_AUTOGRAD_H
#define VHOST_AUTOGRAD_H
#include "map.h"
#include "spec.h"
#ifdef __cplusplus
extern "C" {
#endif

#define VH_AUTOGRAD_1 "vh.autograd/1"

/* vh_function.flags */
#define VH_FN_FP32 1u       /* inside autocast: inputs are cast to fp32 and autocast is off */
#define VH_FN_CONTIGUOUS 2u /* inputs and output gradients are made contiguous */
#define VH_FN_GRAPH_SAFE 4u

/* A pair of callbacks that autograd sees as one node. No double backward: asking for it is an error that says so.
 * `ctx` is handed over at apply(), and comes back in destroy() exactly once, whatever happens. */
typedef struct vh_function {
  uint32_t struct_size, flags; /* VH_FN_* */
  /* [step] Output specs (dtype, rank, dim) for these inputs, one add() per output: used on meta tensors. */
  int32_t (*shape)(void* ctx, vh_tensor* const* in, uint32_t n_in, vh_spec_sink*, vh_error*);
  /* [step] Makes out[0..n_out-1] (then the host's); what backward needs goes into `save`. Runs without grad. */
  int32_t (*forward)(void* ctx, vh_tensor* const* in, uint32_t n_in, vh_tensor** out, uint32_t n_out, vh_map* save,
                     vh_error*);
  /* [backward] grad_out[n_out] (NULL = zero) -> grad_in[n_in] (owned by the host afterwards; NULL = zero). */
  int32_t (*backward)(void* ctx, const vh_map* saved, vh_tensor* const* grad_out, vh_tensor** grad_in, vh_error*);
  /* [any] Exactly once, on any thread; at once when nothing needs a gradient. May be NULL. */
  void (*destroy)(void* ctx);
  /* -- minor 1 -- */
} vh_function;

/* A piece of a forward pass that can be run again. */
typedef struct vh_closure {
  uint32_t struct_size, flags; /* 0 */
  void* ctx;                   /* the plugin's; comes back in call and destroy */
  /* [step] [backward] Makes out[0..n_out-1], owned by the host afterwards. Same inputs, same result, dropout included.
   */
  int32_t (*call)(void* ctx, vh_tensor* const* in, uint32_t n_in, vh_tensor** out, uint32_t n_out, vh_error*);
  void (*destroy)(void* ctx); /* [any] exactly once, on any thread; may be NULL */
  /* -- minor 1 -- */
} vh_closure;

typedef struct vh_autograd_1 {
  uint32_t struct_size, reserved;
  /* [step] Applies fn; *fn must stay valid until destroy (static storage as a rule). out[i] is owned by the caller. */
  int32_t (*apply)(const vh_function* fn, void* ctx, vh_tensor* const* in, uint32_t n_in, vh_tensor** out,
                   uint32_t n_out, vh_error*);
  /* [step] Activation checkpointing: runs the closure without saving activations and runs it again in backward, with
   * the same random numbers and autocast state. Gradients reach the inputs and the parameters of `scope` and its
   * children. The host owns the closure from entry, also on failure. Without grad mode it just runs. out[i] is owned by
   * the caller. */
  int32_t (*checkpoint)(const vh_closure*, vh_scope* scope, vh_tensor* const* in, uint32_t n_in, vh_tensor** out,
                        uint32_t n_out, vh_error*);
  /* -- minor 1 -- */
} vh_autograd_1;

#ifdef __cplusplus
}
#endif
#endif
